import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { dueFarewells, farewell } from "./farewell.ts";
import type { Drain, Farewell } from "./farewell.ts";

const DRAIN_MS = 30_000;

function after(elapsedMs: number, drain: Drain = "aside"): Farewell {
  return farewell({ drain, isListening: false, elapsedMs, timeoutMs: DRAIN_MS });
}

test("nobody is told in the first half of the drain timeout, everybody by four fifths", () => {
  assert.deepEqual(after(0), { share: 0, isLastCall: false });
  assert.deepEqual(after(15_000), { share: 0, isLastCall: false });
  assert.equal(after(19_500).share, 0.5);
  assert.deepEqual(after(24_000), { share: 1, isLastCall: false });
  assert.deepEqual(after(27_000), { share: 1, isLastCall: true });
});

test("where nobody listens until the process has gone, everybody is told at once", () => {
  assert.deepEqual(after(0, "alone"), { share: 1, isLastCall: false });
  assert.deepEqual(after(27_000, "alone"), { share: 1, isLastCall: true });
});

test("nobody is told while he could come back to the same port", () => {
  const listening = { drain: "alone", isListening: true, timeoutMs: DRAIN_MS } as const;
  assert.deepEqual(farewell({ ...listening, elapsedMs: 26_000 }), { share: 0, isLastCall: false });
  assert.deepEqual(farewell({ ...listening, elapsedMs: 27_000 }), { share: 1, isLastCall: true });
});

test("without a drain timeout everybody is told at once", () => {
  assert.deepEqual(farewell({ drain: "aside", isListening: false, elapsedMs: 0, timeoutMs: 0 }), {
    share: 1,
    isLastCall: true,
  });
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
        const step = after(elapsedMs);
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
