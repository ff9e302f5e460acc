import assert from "node:assert/strict";
import { test } from "node:test";

import { CONCURRENCY_MAX_DEFAULT, QuotaGate } from "./quota-gate.ts";

test("without a quota only the default bound on concurrency holds", () => {
  const gate = new QuotaGate({}, 0);
  for (let request = 0; request < 10_000; request++) assert.equal(gate.admit(0, 0).kind, "admitted");
  assert.equal(gate.admit(CONCURRENCY_MAX_DEFAULT, 0).kind, "concurrencyLimited");
});

test("the burst is as large as the rate unless it is given", () => {
  const admitted = (quota: { requestsPerSecond: number; burst?: number }): number => {
    const gate = new QuotaGate(quota, 0);
    let count = 0;
    while (gate.admit(0, 0).kind === "admitted") count += 1;
    return count;
  };
  assert.equal(admitted({ requestsPerSecond: 7 }), 7);
  assert.equal(admitted({ requestsPerSecond: 7, burst: 2 }), 2);
});

test("a request that concurrency refuses uses no token", () => {
  const gate = new QuotaGate({ requestsPerSecond: 1, concurrency: 1 }, 0);
  assert.equal(gate.admit(1, 0).kind, "concurrencyLimited");
  assert.equal(gate.admit(0, 0).kind, "admitted");
});

test("the wait is told in whole seconds, at least one", () => {
  const slow = new QuotaGate({ requestsPerSecond: 0.25, burst: 1 }, 0);
  slow.admit(0, 0);
  assert.deepEqual(slow.admit(0, 0), { kind: "rateLimited", retryAfterSeconds: 4 });
  const fast = new QuotaGate({ requestsPerSecond: 100, burst: 1 }, 0);
  fast.admit(0, 0);
  assert.deepEqual(fast.admit(0, 0), { kind: "rateLimited", retryAfterSeconds: 1 });
});

test("changing a quota back and forth does not fill the bucket", () => {
  const gate = new QuotaGate({ requestsPerSecond: 1 }, 0);
  assert.equal(gate.admit(0, 0).kind, "admitted");
  gate.change({ requestsPerSecond: 50 }, 0);
  assert.equal(gate.admit(0, 0).kind, "rateLimited");
  gate.change({ requestsPerSecond: 1 }, 0);
  assert.equal(gate.admit(0, 0).kind, "rateLimited");
  gate.change({}, 0);
  assert.equal(gate.admit(0, 0).kind, "admitted");
});

test("a client's connection takes its own descriptor and keeps one for a destination", () => {
  const gate = new QuotaGate({ fileDescriptors: 10, connections: 100 }, 0);
  let clients = 0;
  while (gate.takeConnection({ clients, destinations: 0 }) === "admitted") clients += 1;
  assert.equal(clients, 4);
  assert.equal(gate.takeConnection({ clients: 1, destinations: 7 }), "descriptorsLimited");
  assert.equal(gate.takeConnection({ clients: 100, destinations: 0 }), "connectionsLimited");
});
