import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { believedSamples, type HistoryFault, type TimedValue } from "./range-samples.ts";

const LIMITS = { startMs: 1_000, endMs: 9_000, valueMax: 100 };

function judged(samples: readonly TimedValue[]): { kept: readonly TimedValue[]; faults: HistoryFault[] } {
  const faults: HistoryFault[] = [];
  return { kept: believedSamples(samples, LIMITS, (fault) => void faults.push(fault)), faults };
}

test("samples come out in order, whatever order they came in", () => {
  const { kept, faults } = judged([
    { timeMs: 3_000, value: 3 },
    { timeMs: 1_000, value: 1 },
    { timeMs: 2_000, value: 0 },
  ]);
  assert.deepEqual(
    kept.map(({ value }) => value),
    [1, 0, 3],
  );
  assert.deepEqual(faults, []);
});

test("what cannot have been measured is left out and named", () => {
  const { kept, faults } = judged([
    { timeMs: 2_000, value: -1 },
    { timeMs: 2_000, value: Number.NaN },
    { timeMs: 2_000, value: Number.POSITIVE_INFINITY },
    { timeMs: 2_000, value: 101 },
    { timeMs: 9_001, value: 1 },
    { timeMs: 999, value: 1 },
    { timeMs: 5_000, value: 7 },
    { timeMs: 5_000, value: 8 },
    { timeMs: Number.NaN, value: 8 },
  ]);
  assert.deepEqual(kept, [{ timeMs: 5_000, value: 7 }]);
  assert.deepEqual(faults, [
    "negative",
    "missing",
    "absurd",
    "absurd",
    "future",
    "late",
    "duplicate",
    "future",
  ]);
});

test("every sample is either kept or counted, and what is kept is strictly in order and within its limits", () => {
  const sample = fc.record({
    timeMs: fc.integer({ min: 0, max: 10_000 }),
    value: fc.double({ min: -10, max: 200 }),
  });
  fc.assert(
    fc.property(fc.array(sample), (samples) => {
      const { kept, faults } = judged(samples);
      assert.equal(kept.length + faults.length, samples.length);
      for (const [index, { timeMs, value }] of kept.entries()) {
        assert.ok(value >= 0 && value <= LIMITS.valueMax);
        assert.ok(timeMs >= LIMITS.startMs && timeMs <= LIMITS.endMs);
        assert.ok(timeMs > (kept[index - 1]?.timeMs ?? -1));
      }
    }),
  );
});
