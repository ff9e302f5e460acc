import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { changeLimit, fullBucket, takeToken } from "./rate-limit.ts";
import type { RateLimit } from "./rate-limit.ts";

const limits = fc.record({
  requestsPerSecond: fc.integer({ min: 1, max: 500 }),
  burst: fc.integer({ min: 1, max: 50 }),
});
/** Mostly bursts: only requests that come at once show how much a quiet time has saved up. */
const gapsMs = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.nat(20) },
    { weight: 1, arbitrary: fc.nat(400) },
  ),
  { maxLength: 200 },
);

/** Thousandths of tokens as whole numbers, one millisecond at a time. */
function oracle(limit: RateLimit, gaps: readonly number[]): boolean[] {
  const full = limit.burst * 1000;
  let thousandths = full;
  return gaps.map((gapMs) => {
    for (let ms = 0; ms < gapMs; ms++) thousandths = Math.min(full, thousandths + limit.requestsPerSecond);
    if (thousandths < 1000) return false;
    thousandths -= 1000;
    return true;
  });
}

function admissions(limit: RateLimit, gaps: readonly number[]): boolean[] {
  let nowMs = 1_000_000;
  let bucket = fullBucket(limit, nowMs);
  return gaps.map((gapMs) => {
    nowMs += gapMs;
    const verdict = takeToken(bucket, limit, nowMs);
    bucket = verdict.bucket;
    return verdict.kind === "admitted";
  });
}

test("the bucket admits exactly what a slow count of thousandths of tokens admits", () => {
  fc.assert(
    fc.property(limits, gapsMs, (limit, gaps) => {
      assert.deepEqual(admissions(limit, gaps), oracle(limit, gaps));
    }),
  );
});

test("over any span no more passes than the burst and what flows in meanwhile", () => {
  fc.assert(
    fc.property(limits, gapsMs, (limit, gaps) => {
      const admitted = admissions(limit, gaps);
      for (let first = 0; first < gaps.length; first++) {
        let count = 0;
        let spanMs = 0;
        for (let last = first; last < gaps.length; last++) {
          if (last > first) spanMs += gaps[last] ?? 0;
          if (admitted[last] === true) count += 1;
          assert.ok(count <= limit.burst + (limit.requestsPerSecond * spanMs) / 1000 + 1e-6);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test("after the promised wait a request passes, and just before it none does", () => {
  fc.assert(
    fc.property(limits, gapsMs, (limit, gaps) => {
      let nowMs = 0;
      let bucket = fullBucket(limit, nowMs);
      for (const gapMs of gaps) {
        nowMs += gapMs;
        const verdict = takeToken(bucket, limit, nowMs);
        bucket = verdict.bucket;
        if (verdict.kind === "admitted") continue;
        const { retryAfterMs } = verdict;
        assert.equal(takeToken(bucket, limit, nowMs + retryAfterMs).kind, "admitted");
        if (retryAfterMs > 0.01) {
          assert.equal(takeToken(bucket, limit, nowMs + retryAfterMs * 0.99).kind, "limited");
        }
      }
    }),
  );
});

test("a clock that steps back neither gives nor takes", () => {
  const limit = { requestsPerSecond: 10, burst: 1 };
  const { bucket } = takeToken(fullBucket(limit, 1000), limit, 1000);
  assert.equal(takeToken(bucket, limit, 500).kind, "limited");
  assert.equal(takeToken(takeToken(bucket, limit, 500).bucket, limit, 600).kind, "admitted");
});

test("a new limit keeps what was saved, as far as the new burst holds it", () => {
  const before = { requestsPerSecond: 1, burst: 10 };
  const after = { requestsPerSecond: 100, burst: 3 };
  assert.equal(changeLimit(fullBucket(before, 0), { before, after }, 0).tokens, 3);
  assert.equal(changeLimit({ tokens: 0, filledAtMs: 0 }, { before, after }, 0).tokens, 0);
});
