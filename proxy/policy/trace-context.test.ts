import assert from "node:assert/strict";
import { test } from "node:test";

import { parseTraceparent, traceparentText } from "./trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

test("a traceparent is read, its sampled flag among others", () => {
  assert.deepEqual(parseTraceparent(`00-${TRACE}-${PARENT}-01`), { traceId: TRACE, isSampled: true });
  assert.deepEqual(parseTraceparent(`00-${TRACE}-${PARENT}-00`), { traceId: TRACE, isSampled: false });
  assert.equal(parseTraceparent(`00-${TRACE}-${PARENT}-ff`)?.isSampled, true);
  assert.equal(parseTraceparent(`00-${TRACE}-${PARENT}-02`)?.isSampled, false);
});

test("a later version may say more, behind a dash", () => {
  assert.equal(parseTraceparent(`cc-${TRACE}-${PARENT}-01-what-the-future-holds`)?.traceId, TRACE);
  assert.equal(parseTraceparent(`cc-${TRACE}-${PARENT}-01`)?.traceId, TRACE);
  assert.equal(parseTraceparent(`cc-${TRACE}-${PARENT}-01.what`), undefined);
});

test("what is not valid is as good as absent", () => {
  const invalid = [
    "",
    TRACE,
    `ff-${TRACE}-${PARENT}-01`,
    `0-${TRACE}-${PARENT}-01`,
    `00-${"0".repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE}-${PARENT}-01-more`,
    `00-${TRACE}-${PARENT}-01-`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
    ` 00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01\n`,
    `00-${TRACE.slice(1)}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}0-01`,
    `00_${TRACE}_${PARENT}_01`,
  ];
  for (const text of invalid) assert.equal(parseTraceparent(text), undefined, text);
});

test("what is written is read as it was", () => {
  for (const isSampled of [true, false]) {
    const context = { traceId: TRACE, isSampled };
    assert.deepEqual(parseTraceparent(traceparentText(context, PARENT)), context);
  }
});
