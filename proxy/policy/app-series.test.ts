import assert from "node:assert/strict";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import { AppSeries } from "./app-series.ts";

test("apps above the cap share a series until an app leaves", () => {
  const series = new AppSeries(2);
  const labels = (...apps: string[]): string[] => apps.map((app) => series.label(app as AppName));
  assert.deepEqual(labels("a/a", "b/b", "c/c", "a/a"), ["a/a", "b/b", "other", "a/a"]);
  series.release("a/a" as AppName);
  assert.deepEqual(labels("c/c", "d/d"), ["c/c", "other"]);
});
