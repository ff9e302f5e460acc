import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  boundCorrection,
  CORRECTION_MAX,
  CORRECTION_MIN,
  equalCorrection,
  NO_CORRECTION,
} from "./correction.ts";

test("a correction between its bounds stays as it is", () => {
  assert.deepEqual(boundCorrection({ cpu: 0.75, memory: 1.5 }), { cpu: 0.75, memory: 1.5 });
});

test("measurements may halve or triple the model and no more", () => {
  assert.deepEqual(boundCorrection({ cpu: 0.1, memory: 40 }), {
    cpu: CORRECTION_MIN,
    memory: CORRECTION_MAX,
  });
  assert.deepEqual(boundCorrection({ cpu: -1, memory: 0 }), { cpu: CORRECTION_MIN, memory: CORRECTION_MIN });
});

test("what is no number corrects nothing", () => {
  assert.deepEqual(boundCorrection({ cpu: Number.NaN, memory: Infinity }), NO_CORRECTION);
});

test("every correction ends up between the bounds, and bounding it again changes nothing", () => {
  const anyNumber = fc.double();
  fc.assert(
    fc.property(anyNumber, anyNumber, (cpu, memory) => {
      const bounded = boundCorrection({ cpu, memory });
      for (const factor of [bounded.cpu, bounded.memory]) {
        assert.ok(factor >= CORRECTION_MIN && factor <= CORRECTION_MAX);
      }
      assert.ok(equalCorrection(boundCorrection(bounded), bounded));
    }),
  );
});

test("two corrections are equal if both of their factors are", () => {
  assert.equal(equalCorrection({ cpu: 1, memory: 2 }, { cpu: 1, memory: 2 }), true);
  assert.equal(equalCorrection({ cpu: 1, memory: 2 }, { cpu: 1, memory: 1 }), false);
  assert.equal(equalCorrection({ cpu: 1, memory: 2 }, { cpu: 2, memory: 2 }), false);
});
