import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { backoffMs } from "./restart-backoff.ts";

test("pauses double from the first and stay at the largest", () => {
  const pauses = [1, 2, 3, 4, 5].map((failures) => backoffMs({ firstMs: 50, maxMs: 300 }, failures));
  assert.deepEqual(pauses, [50, 100, 200, 300, 300]);
});

test("a pause is finite and never shorter than the one before", () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.nat(60_000), fc.nat(100_000), (firstMs, maxMs, failures) => {
      const backoff = { firstMs, maxMs };
      const pause = backoffMs(backoff, failures);
      assert.ok(Number.isFinite(pause) && pause <= maxMs);
      assert.ok(pause <= backoffMs(backoff, failures + 1));
    }),
  );
});
