import assert from "node:assert/strict";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import { InstanceCounters } from "./instance-counters.ts";
import { RefusalLog } from "./refusal-log.ts";

const APP = "shop/cart" as AppName;

test("a hook for a pod that is not on the node is audited with what it claimed", () => {
  const lines: unknown[] = [];
  const log = new RefusalLog({ warn: (line: unknown) => void lines.push(line) } as never);
  const claim = { uid: "u", namespace: "shop", name: "cart-0", app: APP, address: "10.9.9.9" };
  log.disowned([{ ...claim, port: 80 } as never]);
  assert.deepEqual(lines, [
    {
      audit: "hook-refused",
      reason: "pod-not-on-node",
      uid: "u",
      pod: "shop/cart-0",
      app: APP,
      address: "10.9.9.9",
    },
  ]);
});

test("every refusal is in the log once, however many there are", () => {
  const lines: unknown[] = [];
  const log = new RefusalLog({ info: (line: unknown) => void lines.push(line) } as never);
  const counters = new InstanceCounters();
  const instances = [{ app: APP, counters }];
  for (let count = 0; count < 1_000; count++) counters.addReason("inbound", "rateLimited");
  log.turn(instances);
  log.turn(instances);
  counters.addReason("inbound", "rateLimited");
  counters.addReason("outbound", "malformedRequest");
  log.turn(instances);
  const line = { app: APP, direction: "inbound", reason: "rate-limited", outcome: "throttled" };
  assert.deepEqual(lines, [
    { ...line, count: 1_000 },
    { ...line, count: 1 },
    { app: APP, direction: "outbound", reason: "malformed-request", outcome: "failed", count: 1 },
  ]);
});
