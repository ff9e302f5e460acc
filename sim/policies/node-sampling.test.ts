import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { feasibleNodesToFind } from "./node-sampling.ts";

test("the adaptive sample is that of the documentation's examples", () => {
  const sample = (nodes: number) => feasibleNodesToFind(nodes, 0);
  assert.deepEqual(
    [1, 99, 100, 200, 1000, 5000, 6000, 10_000].map(sample),
    [1, 99, 100, 100, 420, 500, 300, 500],
  );
});

test("a given percentage is taken as it is, but never fewer than 100 nodes", () => {
  assert.equal(feasibleNodesToFind(5000, 100), 5000);
  assert.equal(feasibleNodesToFind(5000, 30), 1500);
  assert.equal(feasibleNodesToFind(5000, 1), 100);
  assert.equal(feasibleNodesToFind(50, 1), 50);
});

test("a sample has at least 100 nodes or all of them, and never more than there are", () => {
  fc.assert(
    fc.property(fc.nat(200_000), fc.integer({ min: 0, max: 100 }), (nodes, percentage) => {
      const sample = feasibleNodesToFind(nodes, percentage);
      assert.ok(sample <= nodes && sample >= Math.min(nodes, 100));
      assert.ok(percentage !== 0 || sample >= Math.floor(nodes / 20));
    }),
  );
});
