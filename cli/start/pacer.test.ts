import assert from "node:assert/strict";
import { test } from "node:test";
import type { Settled } from "#runtime/pacing.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import type { SchedulerDriver } from "#sim/driver/scheduler-driver.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { earliest, Pacer } from "./pacer.ts";

interface ScriptedPart {
  /** Answers in turn; undefined as of a process that died meanwhile. */
  readonly answers: (number | undefined | "died")[];
  /** Runs before each answer. */
  readonly acts?: () => void;
}

class Bed {
  readonly clock = new VirtualClock(1_000);
  readonly api = new LoopbackApi({ clock: this.clock });
  readonly asked: number[] = [];
  readonly sent: object[] = [];
  readonly pacer: Pacer;

  constructor(...parts: readonly ScriptedPart[]) {
    const processes = parts.map((part) => this.#process(part)) as unknown as readonly ManagedProcess[];
    const driver = { whenObserved: async () => undefined } as unknown as SchedulerDriver;
    this.pacer = new Pacer({ api: this.api, clock: this.clock, driver, processes });
  }

  #process({ answers, acts = () => undefined }: ScriptedPart): object {
    return {
      whenReady: async () => ({}),
      send: (message: object) => void this.sent.push(message),
      settle: async (resourceVersion: number): Promise<Settled | undefined> => {
        this.asked.push(resourceVersion);
        acts();
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        return answer === "died" ? undefined : { kind: "settled", id: 0, nextDueMs: answer };
      },
    };
  }
}

test("time may move on to the earliest moment at which anyone has something to do", async () => {
  const bed = new Bed({ answers: [9_000] }, { answers: [4_000] }, { answers: [undefined] });
  assert.equal(await bed.pacer.settle(), 4_000);
  bed.pacer.advanceTo(4_000);
  assert.equal(bed.clock.nowMs(), 4_000);
  assert.deepEqual(
    bed.sent,
    Array.from({ length: 3 }, () => ({ kind: "advance", nowMs: 4_000 })),
  );
});

test("what one does at an instant, all others are asked about again", async () => {
  let writes = 2;
  const bed: Bed = new Bed({
    answers: [undefined],
    acts: () => {
      if (writes-- > 0) bed.api.store.create("nodes", { metadata: { name: `node-${writes}` } });
    },
  });
  assert.equal(await bed.pacer.settle(), undefined);
  const first = bed.asked[0] ?? 0;
  assert.deepEqual(bed.asked, [first, first + 1, first + 2]);
});

test("a process that died is asked again when it is back", async () => {
  const bed = new Bed({ answers: ["died", "died", 7_000] });
  assert.equal(await bed.pacer.settle(), 7_000);
});

test("components that react to each other without end are found out", async () => {
  let nodes = 0;
  const bed: Bed = new Bed({
    answers: [undefined],
    acts: () => void bed.api.store.create("nodes", { metadata: { name: `node-${nodes++}` } }),
  });
  await assert.rejects(bed.pacer.settle(), { code: "PacingEndless" });
});

test("of no times at all none is the earliest", () => {
  assert.equal(earliest([]), undefined);
  assert.equal(earliest([undefined, 5, 3]), 3);
});
