import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { aProfile } from "#test/builders/a-profile.ts";
import { MIB } from "#test/builders/sizes.ts";
import { NO_CORRECTION } from "./correction.ts";
import { modelCost, required, unitCost } from "./mesh-cost.ts";
import { addResources, isWithin, noResources } from "./resources.ts";

test("a pod is charged its planned traffic, in whole units that round up", () => {
  const { cost } = aProfile({
    cost: {
      base: { cpuMilli: 49.1, memoryBytes: 100 },
      perPod: { cpuMilli: 10, memoryBytes: 1_000 },
      perConnection: { cpuMilli: 0.01, memoryBytes: 32 },
      perKiloRps: { cpuMilli: 200, memoryBytes: 64 },
      connectionsPerPod: 20,
      kiloRpsPerPod: 0.05,
    },
  });
  assert.deepEqual(unitCost(cost), {
    base: { cpuMilli: 50, memoryBytes: 100 },
    perPod: { cpuMilli: Math.ceil(10 + 0.2 + 10), memoryBytes: Math.ceil(1_000 + 640 + 3.2) },
  });
});

test("an app without pods costs nothing", () => {
  const cost = unitCost(aProfile().cost);
  assert.deepEqual(modelCost([[cost, 0]]), noResources);
  assert.deepEqual(modelCost([[cost, 1]]), { cpuMilli: 60, memoryBytes: 110 * MIB });
});

test("a second instance of an app adds no base mesh cost", () => {
  const cost = unitCost(aProfile().cost);
  assert.equal(modelCost([[cost, 2]]).cpuMilli - modelCost([[cost, 1]]).cpuMilli, 10);
});

test("the proxy's own base is not corrected, the apps' costs are", () => {
  const proxyBase = { cpuMilli: 100, memoryBytes: 1_000 };
  const apps = { cpuMilli: 51, memoryBytes: 101 };
  assert.deepEqual(required({ proxyBase, correction: { cpu: 0.5, memory: 3 }, modelCost: apps }), {
    cpuMilli: 126,
    memoryBytes: 1_303,
  });
  const uncorrected = required({ proxyBase, correction: NO_CORRECTION, modelCost: apps });
  assert.deepEqual(uncorrected, addResources(proxyBase, apps));
});

const amount = fc.record({ cpuMilli: fc.nat(5_000), memoryBytes: fc.nat(1_000_000) });
const apps = fc.array(fc.tuple(fc.record({ base: amount, perPod: amount }), fc.nat(20)));

test("the cost of all pods is subadditive: together they need no more than apart", () => {
  fc.assert(
    fc.property(apps, fc.nat(20), (costs, more) => {
      const together = modelCost(costs.map(([cost, pods]) => [cost, pods + more]));
      const apart = addResources(modelCost(costs), modelCost(costs.map(([cost]) => [cost, more])));
      assert.ok(isWithin(together, apart));
    }),
  );
});

test("a larger correction never makes a node require less", () => {
  const factor = fc.double({ min: 0.5, max: 3, noNaN: true });
  fc.assert(
    fc.property(apps, factor, factor, (costs, a, b) => {
      const size = (factor: number) =>
        required({
          proxyBase: noResources,
          correction: { cpu: factor, memory: factor },
          modelCost: modelCost(costs),
        });
      assert.ok(isWithin(size(Math.min(a, b)), size(Math.max(a, b))));
    }),
  );
});
