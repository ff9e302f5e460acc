import assert from "node:assert/strict";
import { test } from "node:test";
import { orderPods } from "./order.ts";
import type { TraceOrder } from "./order.ts";
import type { TracePod } from "./trace.ts";

const PODS: readonly TracePod[] = ["b1", "a1", "c1", "b2", "a2", "b3"].map((id) => ({
  id,
  app: id.slice(0, 1),
  request: { cpuMilli: 1, memoryBytes: 1 },
  createSeconds: 0,
  deleteSeconds: undefined,
}));

function ids(order: TraceOrder, seed = 1): string {
  return orderPods(PODS, { order, seed })
    .map(({ id }) => id)
    .join(" ");
}

test("file order is that of the file", () => {
  assert.equal(ids("file"), "b1 a1 c1 b2 a2 b3");
});

test("grouped order goes app by app, in the order of their first pods", () => {
  assert.equal(ids("grouped"), "b1 b2 b3 a1 a2 c1");
});

test("shuffled order has every pod once and is the same for the same seed alone", () => {
  assert.equal(ids("shuffled"), ids("shuffled"));
  assert.deepEqual(ids("shuffled").split(" ").sort(), ids("file").split(" ").sort());
  const orders = new Set(Array.from({ length: 20 }, (_, seed) => ids("shuffled", seed)));
  assert.ok(orders.size > 15);
});
