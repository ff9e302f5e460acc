import assert from "node:assert/strict";
import { test } from "node:test";
import { renewAtMs } from "./renewal.ts";

const DAY_MS = 86_400_000;
const VALID = { notBeforeMs: DAY_MS, notAfterMs: 2 * DAY_MS };
const FRESH = { validity: VALID, failures: 0, failedAtMs: 0, spread: 0 };

test("a certificate is asked for at once, and renewed between half and three fifths of its life", () => {
  assert.equal(renewAtMs({ ...FRESH, validity: undefined }), 0);
  assert.equal(renewAtMs(FRESH), 1.5 * DAY_MS);
  assert.equal(renewAtMs({ ...FRESH, spread: 1 }), 1.6 * DAY_MS);
});

test("after a failure it is asked for again, later each time, and once a minute at least", () => {
  const waits = [1, 2, 3, 7, 50].map((failures) =>
    renewAtMs({ validity: undefined, failures, failedAtMs: 5_000, spread: 1 }),
  );
  assert.deepEqual(waits, [6_000, 7_000, 9_000, 65_000, 65_000]);
});

test("a failure to renew does not put off the next attempt beyond the backoff, nor bring it forward", () => {
  const failedAtMs = 1.7 * DAY_MS;
  assert.equal(renewAtMs({ ...FRESH, failures: 1, failedAtMs }), failedAtMs + 500);
  assert.equal(renewAtMs({ ...FRESH, failures: 1, failedAtMs: 0 }), 1.5 * DAY_MS);
});
