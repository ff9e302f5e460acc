import assert from "node:assert/strict";
import { test } from "node:test";
import { anApp } from "#test/builders/a-pod.ts";
import { MIB } from "#test/builders/sizes.ts";
import { type InstanceCounters, type ProxyCounters, usageBetween } from "./usage-difference.ts";

const BASE = { cpuMilli: 100, memoryBytes: 128 * MIB };
const CART = anApp("cart");
const PAY = anApp("pay");

function counters(of: Partial<InstanceCounters> = {}): InstanceCounters {
  const none = { connections: 0, requests: 0, cpuSeconds: 0, cpuHeldSeconds: 0 };
  return { pods: 1, ...none, memoryBytes: 50 * MIB, ...of };
}

function look(of: Partial<ProxyCounters> = {}): ProxyCounters {
  return {
    timeMs: 0,
    cpuSeconds: 0,
    residentBytes: 228 * MIB,
    instances: new Map([[CART, counters()]]),
    ...of,
  };
}

test("counters a minute apart become rates, and connections their mean", () => {
  const before = look({ instances: new Map([[CART, counters({ connections: 10, requests: 600 })]]) });
  const now = counters({ connections: 20, requests: 1_200, cpuSeconds: 3 });
  const after = look({ timeMs: 60_000, cpuSeconds: 9, instances: new Map([[CART, now]]) });
  const usage = usageBetween(before, after, BASE);
  assert.deepEqual(usage?.used, { cpuMilli: 150, memoryBytes: 228 * MIB });
  assert.deepEqual(usage?.instances.get(CART), {
    pods: 1,
    connections: 15,
    kiloRps: 0.01,
    // All that the process uses beyond its base: it has no other app.
    used: { cpuMilli: 50, memoryBytes: 100 * MIB },
    isThrottled: false,
  });
});

test("what no instance calls its own is spread: memory alike, CPU by their own", () => {
  const before = look({
    instances: new Map([
      [CART, counters()],
      [PAY, counters()],
    ]),
  });
  const instances = new Map([
    [CART, counters({ cpuSeconds: 6 })],
    [PAY, counters({ cpuSeconds: 3, memoryBytes: 30 * MIB })],
  ]);
  const after = look({ timeMs: 60_000, cpuSeconds: 18, instances });
  const usage = usageBetween(before, after, BASE);
  // 300m in all, less 100m of the base and 150m of the instances: 50m to share out, and 20 MiB.
  assert.equal(Math.round(usage?.instances.get(CART)?.used.cpuMilli ?? 0), 133);
  assert.equal(Math.round(usage?.instances.get(PAY)?.used.cpuMilli ?? 0), 67);
  assert.equal(usage?.instances.get(CART)?.used.memoryBytes, 60 * MIB);
  assert.equal(usage?.instances.get(PAY)?.used.memoryBytes, 40 * MIB);
});

test("an instance that is new, began anew, or whose pods changed says nothing yet", () => {
  const before = look({ instances: new Map([[CART, counters({ cpuSeconds: 5, pods: 2 })]]) });
  const said = (now: InstanceCounters, app = CART): number => {
    const after = look({ timeMs: 60_000, cpuSeconds: 9, instances: new Map([[app, now]]) });
    return usageBetween(before, after, BASE)?.instances.size ?? -1;
  };
  assert.equal(said(counters({ cpuSeconds: 6, pods: 2 })), 1);
  assert.equal(said(counters({ cpuSeconds: 6, pods: 2 }), PAY), 0);
  assert.equal(said(counters({ cpuSeconds: 1, pods: 2 })), 0);
  assert.equal(said(counters({ cpuSeconds: 6, pods: 3 })), 0);
});

test("an instance whose CPU was held back for more than a moment is said to be", () => {
  const before = look();
  const held = counters({ cpuSeconds: 1, cpuHeldSeconds: 2 });
  const after = look({ timeMs: 60_000, cpuSeconds: 2, instances: new Map([[CART, held]]) });
  assert.equal(usageBetween(before, after, BASE)?.instances.get(CART)?.isThrottled, true);
});

test("looks at two processes, or too close or too far apart, cannot be compared", () => {
  const before = look({ cpuSeconds: 10 });
  assert.equal(usageBetween(before, look({ timeMs: 60_000, cpuSeconds: 1 }), BASE), undefined);
  assert.equal(usageBetween(before, look({ timeMs: 1_000, cpuSeconds: 11 }), BASE), undefined);
  assert.equal(usageBetween(before, look({ timeMs: 3_600_000, cpuSeconds: 11 }), BASE), undefined);
});
