import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { spread } from "./spread.ts";

test("what is shared falls on each in proportion to its own, and equally where there is none", () => {
  assert.deepEqual(spread(10, [3, 1, 0]), [7.5, 2.5, 0]);
  assert.deepEqual(spread(10, [0, 0]), [5, 5]);
  assert.deepEqual(spread(10, []), []);
});

test("the parts add up to the whole", () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.array(fc.nat(1e9), { minLength: 1, maxLength: 50 }), (shared, own) => {
      const sum = spread(shared, own).reduce((total, part) => total + part, 0);
      assert.ok(Math.abs(sum - shared) <= 1e-6 * Math.max(1, shared));
    }),
  );
});
