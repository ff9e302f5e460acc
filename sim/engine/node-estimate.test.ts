import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { nodesFor } from "./node-estimate.ts";

const template = { free: { cpuMilli: 10, memoryBytes: 10 }, podSlots: 3 };
const pod = (cpuMilli: number, memoryBytes: number) => ({ cpuMilli, memoryBytes });

test("pods share nodes in both resources", () => {
  assert.equal(nodesFor([pod(5, 1), pod(5, 1)], template), 1);
  assert.equal(nodesFor([pod(6, 1), pod(5, 1)], template), 2);
  assert.equal(nodesFor([pod(1, 6), pod(1, 6), pod(9, 4)], template), 2);
});

test("a node takes no more pods than it has places", () => {
  assert.equal(
    nodesFor(
      Array.from({ length: 7 }, () => pod(1, 1)),
      template,
    ),
    3,
  );
});

test("pods larger than a node are left out", () => {
  assert.equal(nodesFor([pod(11, 1), pod(1, 11)], template), 0);
});

test("never fewer nodes than the sums call for, and never more than pods", () => {
  const size = fc.record({
    cpuMilli: fc.integer({ min: 1, max: 10 }),
    memoryBytes: fc.integer({ min: 1, max: 10 }),
  });
  fc.assert(
    fc.property(fc.array(size, { maxLength: 40 }), (requests) => {
      const sum = (resource: "cpuMilli" | "memoryBytes"): number =>
        requests.reduce((total, request) => total + request[resource], 0);
      const nodes = nodesFor(requests, template);
      assert.ok(nodes >= Math.ceil(Math.max(sum("cpuMilli"), sum("memoryBytes")) / 10));
      assert.ok(nodes >= Math.ceil(requests.length / template.podSlots));
      assert.ok(nodes <= requests.length);
    }),
  );
});
