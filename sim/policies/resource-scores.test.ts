import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { balanceScore, fitScore, leastAllocated, mostAllocated } from "./resource-scores.ts";
import { SchedulerCluster } from "./scheduler-cluster.ts";
import type { SchedulerNode } from "./scheduler-node.ts";

const GIB = 1024 ** 3;

/** A node of 4 cores and 16 GiB on which so much is requested. */
function aNode(cpuMilli: number, memoryBytes: number): SchedulerNode {
  const cluster = new SchedulerCluster([
    { name: "n", allocatable: { cpuMilli: 4000, memoryBytes: 16 * GIB } },
  ]);
  const request = { cpuMilli, memoryBytes };
  cluster.addPod("n", { request, scoredRequest: request });
  return cluster.node("n")!;
}

test("LeastAllocated is the mean of the free shares, each cut to an integer", () => {
  const node = aNode(1000, 4 * GIB);
  assert.equal(fitScore(node, { cpuMilli: 1000, memoryBytes: 4 * GIB }, leastAllocated), 50);
  // 24.975 and 49.99… % are free.
  assert.equal(
    fitScore(node, { cpuMilli: 2001, memoryBytes: 4 * GIB + 1 }, leastAllocated),
    (24 + 49 - 1) / 2,
  );
  assert.equal(fitScore(node, { cpuMilli: 3001, memoryBytes: 12 * GIB }, leastAllocated), 0);
});

test("MostAllocated is the mean of the used shares, and more than there is counts as full", () => {
  const node = aNode(1000, 4 * GIB);
  assert.equal(
    fitScore(node, { cpuMilli: 1000, memoryBytes: 8 * GIB }, mostAllocated),
    Math.trunc((50 + 75) / 2),
  );
  assert.equal(fitScore(node, { cpuMilli: 9000, memoryBytes: 12 * GIB }, mostAllocated), 100);
});

test("a resource that the node does not have is left out of the mean", () => {
  const cluster = new SchedulerCluster([{ name: "n", allocatable: { cpuMilli: 4000, memoryBytes: 0 } }]);
  const node = cluster.node("n")!;
  assert.equal(fitScore(node, { cpuMilli: 1000, memoryBytes: 200 }, leastAllocated), 75);
  assert.equal(balanceScore(node, { cpuMilli: 1000, memoryBytes: 0 }), 75);
});

test("the balance score is 75 where the balance stays, higher where it gets better, lower where worse", () => {
  assert.equal(balanceScore(aNode(0, 0), { cpuMilli: 1000, memoryBytes: 4 * GIB }), 75);
  assert.equal(balanceScore(aNode(0, 16 * GIB), { cpuMilli: 4000, memoryBytes: 0 }), 100);
  assert.equal(balanceScore(aNode(0, 0), { cpuMilli: 4000, memoryBytes: 0 }), 50);
  assert.equal(balanceScore(aNode(2000, 4 * GIB), { cpuMilli: 0, memoryBytes: 4 * GIB }), 81);
});

test("scores agree with 64-bit integer division for nodes up to 32 TiB, and stay in their bounds", () => {
  const amount = fc.bigInt({ min: 1n, max: 2n ** 45n });
  fc.assert(
    fc.property(amount, amount, (requested, capacity) => {
      const least = requested > capacity ? 0n : ((capacity - requested) * 100n) / capacity;
      const most = ((requested > capacity ? capacity : requested) * 100n) / capacity;
      assert.equal(leastAllocated(Number(requested), Number(capacity)), Number(least));
      assert.equal(mostAllocated(Number(requested), Number(capacity)), Number(most));
    }),
    { numRuns: 2000 },
  );
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(share, share, share, share, (a, b, c, d) => {
      const node = aNode(Math.floor(a * 4000), Math.floor(b * 16 * GIB));
      const score = balanceScore(node, {
        cpuMilli: Math.floor(c * 4000),
        memoryBytes: Math.floor(d * 16 * GIB),
      });
      assert.ok(Number.isInteger(score) && score >= 50 && score <= 100, `${score}`);
    }),
  );
});
