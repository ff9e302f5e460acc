import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { AppName, NodeName } from "#model/brand.ts";
import { CONFIDENCE_MIN, unitCost } from "#model/mesh-cost.ts";
import { type AppCost, DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { anApp } from "#test/builders/a-pod.ts";
import { GIB, MIB } from "#test/builders/sizes.ts";
import { costFromTotals } from "./cost-from-totals.ts";
import { SizingModel } from "./sizing-model.ts";

const START_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const PROXY_BASE = { cpuMilli: 100, memoryBytes: 128 * MIB };

/** What an app truly costs a node: for being there, and for a pod with its traffic. Millicores and MiB. */
interface Truth {
  readonly base: readonly [number, number];
  readonly perPod: readonly [number, number];
}

interface Fleet {
  readonly truths: ReadonlyMap<AppName, Truth>;
  /** Pods of each app, by node. */
  readonly nodes: readonly ReadonlyMap<AppName, number>[];
}

/** Readings of the nodes' totals, a minute apart, each off by up to the noise. */
function watched({ truths, nodes }: Fleet, { minutes = 240, noise = 0.05, seed = 1 } = {}): SizingModel {
  const model = new SizingModel();
  const random = new SeededRandom(seed);
  const spread = (): number => 1 + noise * (2 * random.next() - 1);
  for (let minute = 0; minute < minutes; minute++) {
    const nowMs = START_MS + minute * MINUTE_MS;
    for (const [index, appPods] of nodes.entries()) {
      const node = {
        name: `node-${index}` as NodeName,
        allocatable: { cpuMilli: 32_000, memoryBytes: 128 * GIB },
        proxyBase: PROXY_BASE,
        modelCost: { cpuMilli: 100, memoryBytes: GIB },
        appPods,
      };
      const used = {
        cpuMilli: total(truths, appPods, 0) * spread(),
        memoryBytes: total(truths, appPods, 1) * MIB * spread(),
      };
      const fault = model.observe(node, { used, timeMs: nowMs }, { nowMs, priorOf: () => DEFAULT_APP_COST });
      assert.equal(fault, undefined);
    }
  }
  return model;
}

function total(truths: ReadonlyMap<AppName, Truth>, pods: ReadonlyMap<AppName, number>, part: 0 | 1): number {
  let sum = part === 0 ? PROXY_BASE.cpuMilli : PROXY_BASE.memoryBytes / MIB;
  for (const [app, count] of pods) {
    const { base, perPod } = truths.get(app) ?? { base: [0, 0], perPod: [0, 0] };
    sum += base[part] + count * perPod[part];
  }
  return sum;
}

/** By how much an instance of so many pods is misjudged, as a share of what it is taken for; the worse resource. */
function error(cost: AppCost, { base, perPod }: Truth, pods: number): number {
  const unit = unitCost(cost);
  const cpu = (base[0] + pods * perPod[0]) / (unit.base.cpuMilli + pods * unit.perPod.cpuMilli);
  const memory =
    ((base[1] + pods * perPod[1]) * MIB) / (unit.base.memoryBytes + pods * unit.perPod.memoryBytes);
  return Math.max(Math.abs(cpu - 1), Math.abs(memory - 1));
}

/** What whole millicores and MiB, of the base and of each pod, may make of it. */
function rounding({ base, perPod }: Truth, pods: number): number {
  return (1 + pods) / Math.min(base[0] + pods * perPod[0], base[1] + pods * perPod[1]);
}

const CART: Truth = { base: [20, 60], perPod: [30, 8] };
const PAY: Truth = { base: [60, 30], perPod: [8, 25] };
const truths = new Map([
  [anApp("cart"), CART],
  [anApp("pay"), PAY],
]);

function pods(cart: number, pay: number): ReadonlyMap<AppName, number> {
  const counts: readonly (readonly [AppName, number])[] = [
    [anApp("cart"), cart],
    [anApp("pay"), pay],
  ];
  return new Map(counts.filter(([, count]) => count > 0));
}

test("apps that are on different nodes in different numbers are told apart from the nodes' totals alone", () => {
  const nodes = [pods(1, 0), pods(4, 1), pods(0, 3), pods(2, 5), pods(6, 0), pods(0, 1)];
  const model = watched({ truths, nodes });
  for (const [app, truth] of truths) {
    const { cost, confidence } = model.learnedOf(app) ?? assert.fail(`nothing learned of ${app}`);
    assert.ok(confidence >= CONFIDENCE_MIN, `${app} ${confidence}`);
    assert.ok(error(cost, truth, 3) < 0.15, `${app} ${error(cost, truth, 3)}`);
  }
});

test("apps that are always together are not told apart, and that is said", () => {
  const nodes = [pods(1, 1), pods(2, 2), pods(4, 4), pods(3, 3)];
  const model = watched({ truths, nodes });
  for (const app of truths.keys()) {
    const { confidence } = model.learnedOf(app) ?? assert.fail(`nothing learned of ${app}`);
    assert.ok(confidence < CONFIDENCE_MIN, `${app} ${confidence}`);
  }
});

test("instances that tell what they use are believed over totals", () => {
  const model = watched({ truths, nodes: [pods(1, 0), pods(3, 0), pods(5, 0)] });
  const node = {
    name: "told-apart" as NodeName,
    allocatable: { cpuMilli: 32_000, memoryBytes: 128 * GIB },
    proxyBase: PROXY_BASE,
    modelCost: { cpuMilli: 100, memoryBytes: GIB },
    appPods: pods(2, 0),
  };
  for (let minute = 0; minute < 120; minute++) {
    const nowMs = START_MS + minute * MINUTE_MS;
    const used = { cpuMilli: 200, memoryBytes: 200 * MIB };
    const usage = { pods: 2, connections: 0, kiloRps: 0, used, isThrottled: false };
    const reading = { used, timeMs: nowMs, instances: new Map([[anApp("cart"), usage]]) };
    model.observe(node, reading, { nowMs, priorOf: () => DEFAULT_APP_COST });
  }
  const learned = model.learnedOf(anApp("cart"))?.cost;
  const instance = (learned?.base.cpuMilli ?? 0) + 2 * (learned?.perPod.cpuMilli ?? 0);
  // By the totals it would be 80.
  assert.ok(instance > 160 && instance < 240, String(instance));
});

test("a pod's learned cost keeps the profile's proportions, and adds up", () => {
  const perPod = { cpuMilli: 60, memoryBytes: 40 * MIB };
  const fixed = { cpuMilli: 7, memoryBytes: 9 * MIB };
  const cost = costFromTotals(DEFAULT_APP_COST, { fixed, perPod });
  const unit = unitCost(cost);
  assert.deepEqual(unit.base, fixed);
  assert.ok(Math.abs(unit.perPod.cpuMilli - perPod.cpuMilli) <= 1, String(unit.perPod.cpuMilli));
  assert.ok(Math.abs(unit.perPod.memoryBytes - perPod.memoryBytes) <= 1);
  const ratio = cost.perKiloRps.cpuMilli / cost.perPod.cpuMilli;
  assert.ok(Math.abs(ratio - DEFAULT_APP_COST.perKiloRps.cpuMilli / DEFAULT_APP_COST.perPod.cpuMilli) < 1e-9);
  const nothing = { cpuMilli: 0, memoryBytes: 0 };
  const unplanned = { ...DEFAULT_APP_COST, perPod: nothing, connectionsPerPod: 0, kiloRpsPerPod: 0 };
  assert.deepEqual(unitCost(costFromTotals(unplanned, { fixed, perPod })).perPod, perPod);
});

const truth = fc.record({
  base: fc.tuple(fc.integer({ min: 5, max: 150 }), fc.integer({ min: 10, max: 300 })),
  perPod: fc.tuple(fc.integer({ min: 5, max: 60 }), fc.integer({ min: 2, max: 40 })),
});
const APPS_MAX = 6;
const fleet = fc.integer({ min: 1, max: APPS_MAX }).chain((apps) => {
  const names = Array.from({ length: apps }, (_, index) => anApp(`app-${index}`));
  const node = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: apps, maxLength: apps });
  return fc.record({
    truths: fc
      .array(truth, { minLength: apps, maxLength: apps })
      .map((list) => new Map(names.map((name, index) => [name, list[index] ?? CART] as const))),
    nodes: fc
      .array(node, { minLength: 1, maxLength: 10 })
      .map((counts) =>
        counts.map(
          (list) =>
            new Map(names.map((name, at) => [name, list[at] ?? 0] as const).filter(([, count]) => count > 0)),
        ),
      ),
  });
});

test("whatever the fleet: what is called known is as well known as that says, within three deviations", () => {
  fc.assert(
    fc.property(fleet, fc.integer({ min: 1, max: 1_000 }), (some, seed) => {
      const model = watched(some, { minutes: 40, noise: 0.03, seed });
      for (const [app, its] of some.truths) {
        const learned = model.learnedOf(app);
        if (learned === undefined || learned.confidence < CONFIDENCE_MIN) continue;
        const counts = some.nodes.flatMap((node) => node.get(app) ?? []);
        const usual = counts.reduce((sum, count) => sum + count, 0) / counts.length;
        const off = error(learned.cost, its, usual) - rounding(its, usual);
        assert.ok(off < 3 * (1 - learned.confidence), `${app}: off by ${off} at ${learned.confidence}`);
      }
    }),
    { numRuns: 15 },
  );
});
