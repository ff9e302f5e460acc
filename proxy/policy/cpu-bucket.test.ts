import assert from "node:assert/strict";
import { test } from "node:test";

import { array, assert as assertProperty, integer, property, record } from "fast-check";

import { CPU_BURST_MS, CPU_DEBT_MS_MAX, fullCpuBucket, spendCpu } from "./cpu-bucket.ts";

const TICK_MS = 5;

/** A thread that always has work: it uses all of its time unless it is held. @returns the CPU time of each tick. */
function flood(cpuMilli: (tick: number) => number, ticks: number): readonly number[] {
  let bucket = fullCpuBucket(cpuMilli(0), 0);
  return Array.from({ length: ticks }, (_, tick) => {
    const usedMicros = bucket.isHeld ? 0 : TICK_MS * 1000;
    bucket = spendCpu(bucket, cpuMilli(tick), { usedMicros, nowMs: (tick + 1) * TICK_MS });
    return usedMicros;
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
  let bucket = fullCpuBucket(250, 0);
  for (let nowMs = TICK_MS; nowMs < 5_000; nowMs += TICK_MS) {
    bucket = spendCpu(bucket, 250, { usedMicros: 1_200, nowMs });
    assert.equal(bucket.isHeld, false);
  }
});

test("a changed quota holds within a second, both ways", () => {
  const used = flood((tick) => (tick < 1_000 ? 100 : tick < 2_000 ? 800 : 100), 3_000);
  assert.ok(Math.abs(share(used.slice(1_200, 2_000)) - 0.8) < 0.02);
  assert.ok(Math.abs(share(used.slice(2_200, 3_000)) - 0.1) < 0.02);
});

test("one very long turn is paid for, but for no longer than a second", () => {
  const bucket = spendCpu(fullCpuBucket(100, 0), 100, { usedMicros: 60_000_000, nowMs: 60_000 });
  assert.equal(bucket.isHeld, true);
  const later = spendCpu(bucket, 100, { usedMicros: 0, nowMs: 60_000 + CPU_DEBT_MS_MAX + 2 * TICK_MS });
  assert.equal(later.isHeld, false);
});

test("no span sees more than burst, quota and one turn; a clock that steps adds nothing beyond the burst", () => {
  const step = record({
    elapsedMs: integer({ min: -20, max: 40 }),
    turnMicros: integer({ min: 0, max: 20_000 }),
  });
  assertProperty(
    property(integer({ min: 1, max: 1_000 }), array(step, { maxLength: 200 }), (cpuMilli, steps) => {
      let bucket = fullCpuBucket(cpuMilli, 0);
      let nowMs = 0;
      let passedMs = 0;
      let usedMicros = 0;
      for (const { elapsedMs, turnMicros } of steps) {
        nowMs += elapsedMs;
        passedMs += Math.max(0, elapsedMs);
        const used = bucket.isHeld ? 0 : turnMicros;
        usedMicros += used;
        bucket = spendCpu(bucket, cpuMilli, { usedMicros: used, nowMs });
        assert.ok(usedMicros <= cpuMilli * (CPU_BURST_MS + passedMs) + 20_000 + 1e-6);
      }
    }),
  );
});
