import assert from "node:assert/strict";
import { test } from "node:test";
import { tQuantile95 } from "./student-t.ts";

// Abramowitz and Stegun, table 26.10, two-sided 0.95.
const TABLE: readonly (readonly [number, number])[] = [
  [1, 12.706],
  [2, 4.303],
  [3, 3.182],
  [4, 2.776],
  [9, 2.262],
  [29, 2.045],
  [120, 1.98],
  [100_000, 1.96],
];

test("quantiles are those of the printed table", () => {
  for (const [degrees, quantile] of TABLE) {
    assert.ok(Math.abs(tQuantile95(degrees) - quantile) < 6e-4, `${degrees}: ${tQuantile95(degrees)}`);
  }
});
