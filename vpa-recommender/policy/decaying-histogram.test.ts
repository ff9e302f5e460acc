import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { DecayingHistogram } from "./decaying-histogram.ts";

const HOUR_MS = 3_600_000;
const OPTIONS = { firstBucketSize: 0.01, maxValue: 100, halfLifeMs: 24 * HOUR_MS };
const START_MS = Date.UTC(2026, 0, 1);

test("an empty histogram has percentile 0", () => {
  const histogram = new DecayingHistogram(OPTIONS);
  assert.equal(histogram.isEmpty, true);
  assert.equal(histogram.percentile(0.9), 0);
});

test("a percentile is the end of its bucket, 5 % wide at most", () => {
  const histogram = new DecayingHistogram(OPTIONS);
  histogram.addSample(1, 1, START_MS);
  const p90 = histogram.percentile(0.9);
  assert.ok(p90 > 1 && p90 < 1.06, String(p90));
});

test("values below the first bucket and above the last one count at the ends", () => {
  const low = new DecayingHistogram(OPTIONS);
  low.addSample(-5, 1, START_MS);
  assert.ok(Math.abs(low.percentile(0.9) - 0.01) < 1e-12);
  const high = new DecayingHistogram(OPTIONS);
  high.addSample(1e9, 1, START_MS);
  // The last bucket starts at the largest value that is told apart, or above it.
  assert.ok(high.percentile(0.9) >= 100 && high.percentile(0.9) < 105, String(high.percentile(0.9)));
});

test("a sample weighs half after a half-life", () => {
  const histogram = new DecayingHistogram(OPTIONS);
  histogram.addSample(10, 4, START_MS);
  histogram.addSample(1, 3, START_MS + 2 * OPTIONS.halfLifeMs);
  // 1 weighs against 3 now: exactly three quarters lie at the lower value.
  assert.ok(histogram.percentile(0.74) < 2);
  assert.ok(histogram.percentile(0.76) > 10);
});

test("any history has the percentiles that its samples have when each is weighed by its age", () => {
  const sample = fc.record({
    value: fc.double({ min: 0, max: 130, noNaN: true }),
    weight: fc.double({ min: 0.1, max: 10, noNaN: true }),
    // Up to 200 half-lives, so that the reference time moves on in between.
    afterHours: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 48 }), fc.integer({ min: 0, max: 4_800 })),
  });
  const percentile = fc.double({ min: 0.05, max: 0.98, noNaN: true });
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 25 }), percentile, (steps, percentile) => {
      const histogram = new DecayingHistogram(OPTIONS);
      const samples: Sample[] = [];
      let timeMs = START_MS;
      for (const { value, weight, afterHours } of steps) {
        timeMs += afterHours * HOUR_MS;
        histogram.addSample(value, weight, timeMs);
        samples.push({ value, weight, timeMs });
      }
      const found = histogram.percentile(percentile);
      // Where a value falls on a bucket's end, or that on the percentile, rounding decides between it and the next.
      const low = slowPercentile(samples, percentile - 1e-9, 1 + 1e-9);
      const high = slowPercentile(samples, percentile + 1e-9, 1 - 1e-9);
      assert.ok(found >= low * (1 - 1e-9) && found <= high * (1 + 1e-9), `${low} ≤ ${found} ≤ ${high}`);
    }),
    { numRuns: 500 },
  );
});

interface Sample {
  readonly value: number;
  readonly weight: number;
  readonly timeMs: number;
}

// Weighs every sample by its age now and walks up the bucket ends.
function slowPercentile(samples: readonly Sample[], percentile: number, endFactor: number): number {
  const nowMs = Math.max(...samples.map(({ timeMs }) => timeMs));
  const weighed = samples.map(({ value, weight, timeMs }) => ({
    value: Math.min(value, OPTIONS.maxValue),
    weight: weight * 0.5 ** ((nowMs - timeMs) / OPTIONS.halfLifeMs),
  }));
  const total = weighed.reduce((sum, { weight }) => sum + weight, 0);
  let start = 0;
  for (let width = OPTIONS.firstBucketSize; start < OPTIONS.maxValue; width *= 1.05) {
    const end = start + width;
    const below = weighed
      .filter(({ value }) => value < end * endFactor)
      .reduce((sum, { weight }) => sum + weight, 0);
    start = end;
    if (below > 0 && below >= percentile * total) break;
  }
  return start;
}
