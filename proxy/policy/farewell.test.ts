import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { dueFarewells, farewell } from "./farewell.ts";

const DRAIN_MS = 30_000;

test("nobody is told in the first half of the drain timeout, everybody by four fifths", () => {
  assert.deepEqual(farewell(0, DRAIN_MS), { share: 0, isLastCall: false });
  assert.deepEqual(farewell(15_000, DRAIN_MS), { share: 0, isLastCall: false });
  assert.equal(farewell(19_500, DRAIN_MS).share, 0.5);
  assert.deepEqual(farewell(24_000, DRAIN_MS), { share: 1, isLastCall: false });
  assert.deepEqual(farewell(27_000, DRAIN_MS), { share: 1, isLastCall: true });
});

test("without a drain timeout everybody is told at once", () => {
  assert.deepEqual(farewell(0, 0), { share: 1, isLastCall: true });
});

test("those that last are told one after the other, each once, whoever else comes and goes", () => {
  const turns = fc.array(
    fc.record({ ms: fc.nat({ max: 4_000 }), came: fc.nat({ max: 5 }), left: fc.nat({ max: 5 }) }),
  );
  fc.assert(
    fc.property(fc.nat({ max: 100 }), turns, (first, steps) => {
      let elapsedMs = 0;
      let [told, untold] = [0, first];
      for (const { ms, came, left } of steps) {
        elapsedMs += ms;
        untold = Math.max(0, untold + came - left);
        const step = farewell(elapsedMs, DRAIN_MS);
        const due = dueFarewells(step, { told, untold });
        assert.ok(due >= 0 && due <= untold);
        told += due;
        untold -= due;
        if (step.share === 0) assert.equal(told, 0);
        if (step.share === 1) assert.equal(untold, 0);
      }
    }),
  );
});
