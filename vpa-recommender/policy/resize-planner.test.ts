import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { equalResources, isWithin, maxResources, minResources, type Resources } from "#model/resources.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { GIB, MIB } from "#test/builders/sizes.ts";
import {
  DEFAULT_PLANNER_OPTIONS,
  hasSurplus,
  planResize,
  type ResizePlan,
  targetSize,
} from "./resize-planner.ts";
import { COOLDOWN_MS, nextResizeState, type ResizeState, SETTLED } from "./resize-state.ts";

const OPTIONS = {
  ...DEFAULT_PLANNER_OPTIONS,
  headroomRatio: 0.1,
  headroomMin: { cpuMilli: 50, memoryBytes: 48 * MIB },
};
const ROOMY: Resources = { cpuMilli: 100_000, memoryBytes: 1_000 * GIB };

function size(cpuMilli: number, memoryMib: number): Resources {
  return { cpuMilli, memoryBytes: memoryMib * MIB };
}

interface Situation {
  readonly required: Resources;
  readonly current: Resources;
  readonly ceiling?: Resources;
  readonly awaited?: Resources;
  readonly reserved?: Resources;
  readonly state?: ResizeState;
  readonly nowMs?: number;
}

function plan(situation: Situation): ResizePlan {
  const { state = SETTLED, nowMs = 0, ...needs } = situation;
  return planResize({ ceiling: ROOMY, ...needs }, state, { nowMs, options: OPTIONS });
}

test("the target is what is required plus headroom, in steps", () => {
  assert.deepEqual(targetSize(size(1_000, 1_000), OPTIONS), size(1_100, 1_104));
  assert.deepEqual(targetSize(size(100, 128), OPTIONS), size(150, 176));
});

test("a proxy that its apps outgrow grows at once, to what they call for and no further", () => {
  assert.deepEqual(plan({ required: size(300, 400), current: size(150, 192) }), {
    kind: "resize",
    size: size(300, 400),
    reason: "appsJoined",
  });
});

test("headroom is taken when the node has been calm, since pods on their way were promised that room", () => {
  const situation = { required: size(300, 400), current: size(300, 400) };
  const state = nextResizeState(SETTLED, { kind: "required", required: situation.required, nowMs: 100 });
  const calmAtMs = 100 + OPTIONS.headroomDelayMs;
  const waiting = { kind: "hold", reason: "podsMayFollow", lookAgainAtMs: calmAtMs };
  assert.deepEqual(plan({ ...situation, state, nowMs: calmAtMs - 1 }), waiting);
  const taken = { kind: "resize", size: size(350, 448), reason: "headroomUsed" };
  assert.deepEqual(plan({ ...situation, state, nowMs: calmAtMs }), taken);
});

test("apps that join have at once what placement counts for them, headroom or not, and no more than the target", () => {
  const joined = { required: size(300, 400), current: size(150, 192) };
  const grown = (to: Resources): ResizePlan => ({ kind: "resize", size: to, reason: "appsJoined" });
  assert.deepEqual(plan({ ...joined, reserved: size(320, 430) }), grown(size(320, 430)));
  assert.deepEqual(plan({ ...joined, reserved: size(900, 900) }), grown(size(350, 448)));
  assert.deepEqual(plan({ ...joined, reserved: size(200, 200) }), grown(size(300, 400)));
  const inside = { required: size(300, 400), current: size(305, 405), reserved: size(320, 430) };
  assert.deepEqual(plan(inside), grown(size(320, 430)));
});

const shrunk = nextResizeState(
  nextResizeState(SETTLED, { kind: "required", required: size(1, 1), nowMs: 0 }),
  { kind: "sent", size: size(330, 448), shrunkAtMs: 60_000 },
);
const AFTER_SHRINK = nextResizeState(shrunk, { kind: "accepted" });

test("CPU that was given back stays given back for ten minutes, memory does not", () => {
  const risen = { current: size(330, 448), state: AFTER_SHRINK };
  const until = { kind: "hold", reason: "givenBack", lookAgainAtMs: 660_001 };
  assert.deepEqual(plan({ ...risen, required: size(360, 400), nowMs: 660_000 }), until);
  assert.equal(plan({ ...risen, required: size(360, 400), nowMs: 660_001 }).reason, "loadRose");
  const memory = plan({ ...risen, required: size(360, 500), nowMs: 120_000 });
  assert.deepEqual(memory, { kind: "resize", size: size(330, 552), reason: "loadRose" });
});

test("a step is followed and so are other pods, however lately CPU was given back", () => {
  const risen = { current: size(330, 448), nowMs: 120_000 };
  assert.equal(plan({ ...risen, required: size(413, 400), state: AFTER_SHRINK }).reason, "loadRose");
  const others = nextResizeState(AFTER_SHRINK, { kind: "required", required: size(2, 2), nowMs: 120_000 });
  assert.equal(plan({ ...risen, required: size(360, 400), state: others }).reason, "appsJoined");
});

test("the calm ends with every change of what is required", () => {
  let state = nextResizeState(SETTLED, { kind: "required", required: size(300, 400), nowMs: 0 });
  state = nextResizeState(state, { kind: "required", required: size(300, 400), nowMs: 5_000 });
  assert.equal(state.calm?.sinceMs, 0);
  state = nextResizeState(state, { kind: "required", required: size(310, 400), nowMs: 6_000 });
  assert.equal(state.calm?.sinceMs, 6_000);
});

test("headroom is taken anew when a fifth of CPU's or half of memory's is left, and not before", () => {
  const current = size(150, 192);
  assert.equal(plan({ required: size(140, 168), current }).reason, "rightSize");
  assert.equal(plan({ required: size(141, 168), current }).reason, "podsMayFollow");
  assert.equal(plan({ required: size(140, 169), current }).reason, "podsMayFollow");
});

test("a proxy whose apps stayed the same and need more grows to its target at once", () => {
  const state = nextResizeState(SETTLED, { kind: "required", required: size(150, 192), nowMs: 0 });
  const risen = { required: size(300, 400), current: size(150, 192), state };
  const grown = plan({ ...risen, nowMs: OPTIONS.headroomDelayMs });
  assert.deepEqual(grown, { kind: "resize", size: size(350, 448), reason: "loadRose" });
  assert.equal(plan({ ...risen, nowMs: OPTIONS.headroomDelayMs - 1 }).reason, "appsJoined");
});

test("a proxy that is resized goes as far as is required soon, and is not resized for that alone", () => {
  const now = { current: size(330, 448), ceiling: ROOMY };
  const times = { nowMs: OPTIONS.headroomDelayMs, options: OPTIONS };
  const calm = nextResizeState(SETTLED, { kind: "required", required: size(1, 1), nowMs: 0 });
  const ahead = size(600, 400);
  assert.equal(planResize({ ...now, required: size(300, 400), ahead }, calm, times).reason, "rightSize");
  const grown = planResize({ ...now, required: size(340, 400), ahead }, calm, times);
  assert.deepEqual(grown, { kind: "resize", size: size(660, 448), reason: "loadRose" });
});

test("growth goes as far as the node has room, resource by resource", () => {
  const grown = plan({ required: size(300, 400), current: size(150, 192), ceiling: size(200, 4_000) });
  assert.deepEqual(grown, { kind: "resize", size: size(200, 400), reason: "appsJoined" });
});

test("a proxy lends the next one what it lacks, in one resource or in both, and at once", () => {
  const full = { required: size(260, 350), current: size(300, 400), awaited: size(150, 192) };
  const lent = (left: Resources): ResizePlan => ({ kind: "resize", size: left, reason: "lentToNext" });
  assert.deepEqual(plan({ ...full, ceiling: size(300, 400) }), lent(size(150, 208)));
  assert.deepEqual(plan({ ...full, ceiling: size(320, 10_000) }), lent(size(170, 400)));
});

test("a proxy that has lent stays as it is while the next one waits, and grows into no room that it comes for", () => {
  const lent = { required: size(260, 350), current: size(150, 208), awaited: size(150, 192) };
  assert.equal(plan({ ...lent, ceiling: size(300, 400) }).reason, "noRoom");
  const grown = plan({ ...lent, ceiling: size(400, 400) });
  assert.deepEqual(grown, { kind: "resize", size: size(250, 208), reason: "appsJoined" });
});

test("a proxy lends no more than it keeps: a next one that asks for more waits for other room", () => {
  const full = { required: size(100, 128), current: size(150, 192), ceiling: size(150, 192) };
  assert.equal(plan({ ...full, awaited: size(75, 96) }).reason, "lentToNext");
  assert.equal(plan({ ...full, awaited: size(76, 96) }).reason, "rightSize");
  assert.equal(plan({ ...full, awaited: size(75, 97) }).reason, "rightSize");
});

test("whatever is lent leaves room for the next proxy and at least as much for this one", () => {
  const sizes = fc.record({
    cpuMilli: fc.integer({ min: 0, max: 1_000 }),
    memoryBytes: fc.integer({ min: 0, max: 1_000 }),
  });
  fc.assert(
    fc.property(sizes, sizes, sizes, sizes, (required, current, ceiling, awaited) => {
      const planned = plan({ required, current, ceiling, awaited });
      if (planned.reason !== "lentToNext" || planned.kind !== "resize") return;
      assert.ok(isWithin(planned.size, current) && isWithin(awaited, planned.size));
      const together = planned.size.cpuMilli + awaited.cpuMilli <= ceiling.cpuMilli;
      assert.ok(together && planned.size.memoryBytes + awaited.memoryBytes <= ceiling.memoryBytes);
      const again = plan({ required, current: planned.size, ceiling, awaited });
      assert.notEqual(again.reason, "lentToNext");
    }),
  );
});

test("a node without room keeps its proxy as it is, even one that is above the ceiling", () => {
  const full = plan({ required: size(300, 400), current: size(150, 192), ceiling: size(100, 192) });
  assert.deepEqual(full, { kind: "hold", reason: "noRoom", lookAgainAtMs: undefined });
});

test("a resource that has a surplus does not shrink while the other one grows", () => {
  const grown = plan({ required: size(300, 100), current: size(150, 1_000) });
  assert.deepEqual(grown, { kind: "resize", size: size(300, 1_000), reason: "appsJoined" });
});

test("a surplus shrinks only after it has lasted", () => {
  const situation = { required: size(100, 128), current: size(1_000, 1_000) };
  assert.deepEqual(plan({ ...situation, nowMs: 50 }), {
    kind: "hold",
    reason: "surplusIsYoung",
    lookAgainAtMs: 50 + OPTIONS.shrinkDelayMs,
  });
  const state = nextResizeState(SETTLED, { kind: "surplus", nowMs: 0 });
  assert.equal(plan({ ...situation, state, nowMs: OPTIONS.shrinkDelayMs - 1 }).kind, "hold");
  assert.deepEqual(plan({ ...situation, state, nowMs: OPTIONS.shrinkDelayMs }), {
    kind: "resize",
    size: size(150, 176),
    reason: "surplusLasted",
  });
});

test("a small surplus is left alone", () => {
  assert.deepEqual(plan({ required: size(1_000, 1_000), current: size(1_150, 1_200) }), {
    kind: "hold",
    reason: "rightSize",
    lookAgainAtMs: undefined,
  });
});

test("nothing is planned while a resize is underway", () => {
  const state = nextResizeState(SETTLED, { kind: "sent", size: size(1, 1) });
  assert.equal(plan({ required: size(900, 900), current: size(1, 1), state }).reason, "underway");
});

test("a size that failed waits for its cooldown; a smaller one that helps does not", () => {
  const required = size(300, 400);
  const current = size(150, 192);
  const state = nextResizeState(SETTLED, { kind: "refused", size: required, nowMs: 0 });
  const cooling = { kind: "hold", reason: "cooling", lookAgainAtMs: COOLDOWN_MS };
  assert.deepEqual(plan({ required, current, state }), cooling);
  assert.equal(plan({ required, current, state, nowMs: COOLDOWN_MS }).kind, "resize");
  assert.equal(plan({ required, current, state, ceiling: size(200, 300) }).kind, "resize");
});

test("a size that kubelet called infeasible is asked for a step smaller, after its cooldown", () => {
  const infeasible = size(300, 400);
  const situation = { required: size(300, 400), current: size(150, 192), ceiling: ROOMY, infeasible };
  const state = nextResizeState(SETTLED, { kind: "refused", size: infeasible, nowMs: 0 });
  const at = (nowMs: number): ResizePlan => planResize(situation, state, { nowMs, options: OPTIONS });
  assert.equal(at(COOLDOWN_MS - 1).reason, "cooling");
  assert.deepEqual(at(COOLDOWN_MS), { kind: "resize", size: size(290, 392), reason: "appsJoined" });
});

interface Step {
  readonly required: Resources;
  readonly ceiling: Resources;
  readonly afterMs: number;
  readonly answer: "accepted" | "refused";
}

const anySize = fc
  .tuple(fc.integer({ min: 50, max: 3_000 }), fc.integer({ min: 64, max: 4_000 }))
  .map(([cpuMilli, memoryMib]) => size(cpuMilli, memoryMib));
const anyStep: fc.Arbitrary<Step> = fc.record({
  required: anySize,
  ceiling: anySize,
  afterMs: fc.constantFrom(0, 1_000, 60_000, 299_999, 300_000),
  answer: fc.constantFrom("accepted", "accepted", "refused"),
});

test("whatever is required and however the node answers, growth is prompt and bounded, shrinking patient", () => {
  fc.assert(
    fc.property(anySize, fc.array(anyStep, { minLength: 1, maxLength: 40 }), (start, steps) => {
      const loop = new ClosedLoop(start);
      for (const step of steps) loop.take(step);
    }),
    { numRuns: 500 },
  );
});

type Sent = Extract<ResizePlan, { kind: "resize" }>;

// One node's sizing as the shell runs it, with everything checked that may be said of a plan.
class ClosedLoop {
  #current: Resources;
  #state = SETTLED;
  #nowMs = 1_000_000;
  #surplusSinceMs: number | undefined;
  #required: Resources | undefined;
  #calmSinceMs = 0;
  #refused: { readonly size: Resources; readonly untilMs: number } | undefined;

  constructor(current: Resources) {
    this.#current = current;
  }

  take({ required, ceiling, afterMs, answer }: Step): void {
    this.#nowMs += afterMs;
    const nowMs = this.#nowMs;
    const isSurplus = hasSurplus(this.#current, targetSize(required, OPTIONS), OPTIONS);
    this.#state = nextResizeState(this.#state, { kind: "required", required, nowMs });
    if (this.#required === undefined || !equalResources(this.#required, required)) this.#calmSinceMs = nowMs;
    this.#required = required;
    this.#surplusSinceMs = isSurplus ? (this.#surplusSinceMs ?? nowMs) : undefined;
    this.#state = nextResizeState(
      this.#state,
      isSurplus ? { kind: "surplus", nowMs } : { kind: "noSurplus" },
    );
    const situation = { required, ceiling, current: this.#current };
    const made = planResize(situation, this.#state, { nowMs, options: OPTIONS });
    if (made.kind === "hold") return this.#checkHold(required, ceiling, made.reason);
    if (made.reason === "surplusLasted") this.#checkShrinking(required, made.size);
    else this.#checkGrowth(required, ceiling, made);
    this.#answer(made.size, answer);
  }

  #checkHold(required: Resources, ceiling: Resources, reason: string): void {
    if (isWithin(required, this.#current)) return;
    const isHopeless = isWithin(minResources(required, ceiling), this.#current);
    assert.ok(isHopeless || (reason === "cooling" && this.#refused !== undefined), "a shortage is not held");
  }

  #checkGrowth(required: Resources, ceiling: Resources, { size: grown, reason }: Sent): void {
    const isCalm = this.#nowMs - this.#calmSinceMs >= OPTIONS.headroomDelayMs;
    if (reason === "headroomUsed") assert.ok(isCalm, "headroom waits for a calm moment");
    else assert.ok(isWithin(grown, maxResources(required, this.#current)), "no more than what is required");
    assert.ok(isWithin(this.#current, grown), "growth takes nothing away");
    assert.ok(isWithin(minResources(required, ceiling), grown), "growth covers what is required");
    for (const resource of ["cpuMilli", "memoryBytes"] as const)
      assert.ok(grown[resource] <= Math.max(ceiling[resource], this.#current[resource]), "room is kept");
    const { size: failed, untilMs } = this.#refused ?? { size: grown, untilMs: 0 };
    assert.ok(
      this.#nowMs >= untilMs || !isWithin(failed, grown),
      "a size that failed is not asked for again",
    );
  }

  #checkShrinking(required: Resources, shrunk: Resources): void {
    assert.ok(isWithin(shrunk, this.#current) && isWithin(required, shrunk), "what is required is kept");
    assert.ok(this.#nowMs - (this.#surplusSinceMs ?? Infinity) >= OPTIONS.shrinkDelayMs, "shrinking waits");
  }

  #answer(asked: Resources, answer: Step["answer"]): void {
    const nowMs = this.#nowMs;
    this.#state = nextResizeState(this.#state, { kind: "sent", size: asked });
    this.#surplusSinceMs = undefined;
    if (answer === "accepted") {
      this.#state = nextResizeState(this.#state, { kind: "accepted" });
      this.#current = asked;
      this.#refused = undefined;
    } else {
      this.#state = nextResizeState(this.#state, { kind: "refused", size: asked, nowMs });
      this.#refused = { size: asked, untilMs: nowMs + COOLDOWN_MS };
    }
  }
}

test("a noisy demand does not make the proxy breathe", () => {
  const random = new SeededRandom(1);
  let current = size(150, 192);
  let state: ResizeState = SETTLED;
  let resizes = 0;
  let required = size(1_000, 2_048);
  for (let halfMinute = 0; halfMinute < 24 * 120; halfMinute++) {
    const nowMs = halfMinute * 30_000;
    if (halfMinute % 2 === 0) {
      const noise = random.between(0.95, 1.05);
      required = { cpuMilli: Math.round(1_000 * noise), memoryBytes: Math.round(2 * GIB * noise) };
    }
    state = nextResizeState(state, { kind: "required", required, nowMs });
    const isSurplus = hasSurplus(current, targetSize(required, OPTIONS), OPTIONS);
    state = nextResizeState(state, isSurplus ? { kind: "surplus", nowMs } : { kind: "noSurplus" });
    const made = planResize({ required, current, ceiling: ROOMY }, state, { nowMs, options: OPTIONS });
    if (made.kind === "hold") continue;
    resizes++;
    current = made.size;
  }
  assert.ok(resizes <= 3, `${resizes} resizes in a day`);
});
