import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#sim/seeded-random.ts";
import { MIB } from "#test/builders/sizes.ts";
import { TotalsLearner } from "./totals-learner.ts";

const TEMPLATE = { cpuMilli: 100, memoryBytes: 128 * MIB };
const MINUTE_MS = 60_000;

/** A log agent: 40m and 60 MiB, and for each pod of a workload what that workload writes. */
const PER_POD = new Map([
  ["shop/cart", 12],
  ["shop/pay", 3],
  ["batch", 30],
]);

function truth(workloads: ReadonlyMap<string, number>): { cpuMilli: number; memoryBytes: number } {
  let [cpuMilli, memory] = [40, 60];
  for (const [name, pods] of workloads) {
    cpuMilli += pods * (PER_POD.get(name) ?? 0);
    memory += pods * 5;
  }
  return { cpuMilli, memoryBytes: memory * MIB };
}

function taught(minutes = 400): TotalsLearner {
  const random = new SeededRandom(3);
  const learner = new TotalsLearner(TEMPLATE);
  const names = [...PER_POD.keys()];
  for (let minute = 0; minute < minutes; minute++) {
    for (let node = 0; node < 5; node++) {
      const workloads = new Map(names.map((name) => [name, random.integer(6)] as const));
      for (const [name, pods] of workloads) if (pods === 0) workloads.delete(name);
      const noise = 0.9 + 0.2 * random.next();
      const { cpuMilli, memoryBytes } = truth(workloads);
      const used = { cpuMilli: cpuMilli * noise, memoryBytes: memoryBytes * noise };
      learner.add({ workloads, used, timeMs: minute * MINUTE_MS, isThrottled: false });
    }
  }
  return learner;
}

function error(learner: TotalsLearner, workloads: ReadonlyMap<string, number>): number {
  const [predicted, expected] = [learner.predict(workloads), truth(workloads)];
  return Math.max(
    Math.abs(predicted.cpuMilli / expected.cpuMilli - 1),
    Math.abs(predicted.memoryBytes / expected.memoryBytes - 1),
  );
}

test("a node that was never seen is predicted from what its workloads cost elsewhere", () => {
  const learner = taught();
  for (const workloads of [
    new Map([["shop/cart", 5]]),
    new Map([
      ["batch", 4],
      ["shop/pay", 2],
    ]),
    new Map<string, number>(),
  ])
    assert.ok(error(learner, workloads) < 0.08, `${[...workloads]}: ${error(learner, workloads)}`);
});

test("before any reading the template is expected", () => {
  assert.deepEqual(new TotalsLearner(TEMPLATE).predict(new Map([["shop/cart", 3]])), TEMPLATE);
});

test("workloads beyond the limit count together, and take the place of one that left", () => {
  const learner = taught(50);
  const crowd = new Map(Array.from({ length: 150 }, (_, index) => [`crowd-${index}`, 1] as const));
  const used = { cpuMilli: 40 + 150 * 2, memoryBytes: 200 * MIB };
  for (let minute = 60; minute < 200; minute++)
    learner.add({ workloads: crowd, used, timeMs: minute * MINUTE_MS, isThrottled: false });
  const predicted = learner.predict(crowd).cpuMilli;
  assert.ok(Math.abs(predicted / used.cpuMilli - 1) < 0.1, String(predicted));
});
