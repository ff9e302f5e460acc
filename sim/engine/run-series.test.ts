import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { emptyTotals } from "./run-totals.ts";
import { RunSeries, SERIES_POINTS_MAX } from "./run-series.ts";

function seriesOf(times: readonly number[]): RunSeries {
  const series = new RunSeries();
  for (const atSeconds of times) series.offer(atSeconds, () => ({ ...emptyTotals(), waiting: 0 }));
  return series;
}

test("a short run keeps every moment", () => {
  assert.deepEqual(
    seriesOf([0, 5, 6, 100])
      .points()
      .map(({ atSeconds }) => atSeconds),
    [0, 5, 6, 100],
  );
});

test("however long a run is, its points are few, in order, begin with it and reach to its end", () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 3000 });
  fc.assert(
    fc.property(gaps, (steps) => {
      let at = 0;
      const times = steps.map((step) => (at += step));
      const points = seriesOf(times).points();
      assert.ok(points.length <= SERIES_POINTS_MAX);
      assert.equal(points[0]?.atSeconds, times[0]);
      const span = at - (times[0] ?? 0);
      const unseen = at - (points.at(-1)?.atSeconds ?? 0);
      assert.ok(unseen <= Math.max(0, span / 16), `the last ${unseen} of ${span} s are not shown`);
      assert.ok(points.every(({ atSeconds }, index) => atSeconds > (points[index - 1]?.atSeconds ?? -1)));
    }),
    { numRuns: 60 },
  );
});
