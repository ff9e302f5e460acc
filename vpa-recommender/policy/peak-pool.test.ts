import assert from "node:assert/strict";
import { test } from "node:test";
import { anApp } from "#test/builders/a-pod.ts";
import { PeakPool } from "./peak-pool.ts";

const HOUR_MS = 3_600_000;
const used = (cpuMilli: number) => ({ used: { cpuMilli, memoryBytes: 1 } });

function day(pool: PeakPool, pairs: readonly (readonly [number, number])[], startMs = 0): void {
  for (const [hour, [cart, pay]] of pairs.entries())
    pool.add(
      new Map([
        [anApp("cart"), used(cart)],
        [anApp("pay"), used(pay)],
      ]),
      startMs + hour * HOUR_MS,
    );
}

test("peaks at different hours are pooled, peaks at the same hour are not", () => {
  const apart = new PeakPool();
  day(apart, [
    [100, 20],
    [30, 90],
  ]);
  assert.equal(apart.saved().cpuMilli, 100 + 90 - 120);
  const together = new PeakPool();
  day(together, [
    [100, 90],
    [30, 20],
  ]);
  assert.equal(together.saved().cpuMilli, 0);
});

test("a peak counts for the rest of its day and the day after, and not longer", () => {
  const pool = new PeakPool();
  day(pool, [
    [100, 20],
    [30, 90],
  ]);
  day(pool, [[10, 10]], 24 * HOUR_MS);
  assert.equal(pool.saved().cpuMilli, 70);
  day(pool, [[10, 10]], 48 * HOUR_MS);
  assert.equal(pool.saved().cpuMilli, 0);
});
