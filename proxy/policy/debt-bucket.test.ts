import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { fullBucket, restMs, spend } from "./debt-bucket.ts";
import { bandwidthLimits, cpuLimits } from "./read-limits.ts";

const TICK_MS = 5;

/** A thread that always has work: it uses all of its time unless it is held. @returns the CPU time of each tick. */
function flood(cpuMilli: (tick: number) => number, ticks: number): readonly number[] {
  let bucket = fullBucket(cpuLimits(cpuMilli(0)), 0);
  return Array.from({ length: ticks }, (_, tick) => {
    const used = bucket.isHeld ? 0 : TICK_MS * 1000;
    bucket = spend(bucket, cpuLimits(cpuMilli(tick)), { used, nowMs: (tick + 1) * TICK_MS });
    return used;
  });
}

function share(used: readonly number[]): number {
  return used.reduce((sum, micros) => sum + micros, 0) / (used.length * TICK_MS * 1000);
}

test("a flooded thread is held to its quota, whatever the quota", () => {
  for (const cpuMilli of [10, 100, 250, 333, 500, 900, 1000]) {
    assert.ok(Math.abs(share(flood(() => cpuMilli, 10_000)) - cpuMilli / 1000) < 0.005, `${cpuMilli}m`);
  }
});

test("a thread that stays below its quota is never held", () => {
  const limits = cpuLimits(250);
  let bucket = fullBucket(limits, 0);
  for (let nowMs = TICK_MS; nowMs < 5_000; nowMs += TICK_MS) {
    bucket = spend(bucket, limits, { used: 1_200, nowMs });
    assert.equal(bucket.isHeld, false);
  }
});

test("a changed quota holds within a second, both ways", () => {
  const used = flood((tick) => (tick < 1_000 ? 100 : tick < 2_000 ? 800 : 100), 3_000);
  assert.ok(Math.abs(share(used.slice(1_200, 2_000)) - 0.8) < 0.02);
  assert.ok(Math.abs(share(used.slice(2_200, 3_000)) - 0.1) < 0.02);
});

test("one very long turn is paid for, but for no longer than a second", () => {
  const limits = cpuLimits(100);
  const bucket = spend(fullBucket(limits, 0), limits, { used: 60_000_000, nowMs: 60_000 });
  assert.equal(bucket.isHeld, true);
  assert.ok(restMs(bucket, limits) < 1_010);
  assert.equal(spend(bucket, limits, { used: 0, nowMs: 61_010 }).isHeld, false);
});

test("large reads are paid for until the bandwidth holds on average", () => {
  const limits = bandwidthLimits(1_000_000);
  let bucket = fullBucket(limits, 0);
  let bytes = 0;
  for (let nowMs = 1; nowMs <= 60_000; nowMs++) {
    const used = bucket.isHeld ? 0 : 2_000_000;
    bytes += used;
    bucket = spend(bucket, limits, { used, nowMs });
  }
  assert.ok(Math.abs(bytes / 60 - 1_000_000) < 50_000);
});

test("no span sees more than capacity, debt, rate and one turn; a clock that steps back adds nothing", () => {
  const step = fc.record({
    elapsedMs: fc.integer({ min: -20, max: 40 }),
    turnMicros: fc.integer({ min: 0, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.array(step, { maxLength: 200 }), (cpuMilli, steps) => {
      const limits = cpuLimits(cpuMilli);
      let bucket = fullBucket(limits, 0);
      let nowMs = 0;
      let passedMs = 0;
      let usedMicros = 0;
      for (const { elapsedMs, turnMicros } of steps) {
        nowMs += elapsedMs;
        passedMs += Math.max(0, elapsedMs);
        const used = bucket.isHeld ? 0 : turnMicros;
        usedMicros += used;
        bucket = spend(bucket, limits, { used, nowMs });
        assert.ok(usedMicros <= limits.capacity + limits.holdAt + cpuMilli * passedMs + 20_000 + 1e-6);
      }
    }),
  );
});
