import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { heapLimits } from "./heap-limits.ts";

const MIB = 1024 ** 2;

test("the heap stays below the quota for every quota that a worker can run in", () => {
  fc.assert(
    fc.property(fc.integer({ min: 48, max: 4096 }), (quotaMib) => {
      const limits = heapLimits(quotaMib * MIB);
      assert.ok(limits.maxOldGenerationSizeMb + limits.maxYoungGenerationSizeMb < quotaMib);
      assert.ok(Number.isInteger(limits.maxOldGenerationSizeMb));
    }),
  );
});

test("a quota too small for any worker does not keep it from starting", () => {
  assert.ok(heapLimits(1).maxOldGenerationSizeMb >= 16);
});
