import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { backoffMs } from "./backoff.ts";
import { TokenBucket } from "./token-bucket.ts";

test("a bucket never gives more than its burst and its rate", () => {
  const waits = fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(waits, fc.integer({ min: 1, max: 20 }), (deltasMs, burst) => {
      const bucket = new TokenBucket({ burst, perSecond: 2 }, 0);
      let nowMs = 0;
      let taken = 0;
      for (const deltaMs of deltasMs) {
        nowMs += deltaMs;
        if (bucket.take(nowMs)) taken += 1;
        assert.ok(taken <= burst + (nowMs / 1_000) * 2 + 1e-6);
      }
    }),
  );
});

test("a bucket left alone fills up to its burst and no further", () => {
  const bucket = new TokenBucket({ burst: 3, perSecond: 2 }, 0);
  const hourMs = 3_600_000;
  assert.deepEqual(
    [1, 2, 3, 4].map(() => bucket.take(hourMs)),
    [true, true, true, false],
  );
});

test("after the wait it names, a bucket has a token", () => {
  const bucket = new TokenBucket({ burst: 1, perSecond: 3 }, 0);
  assert.equal(bucket.waitMs(0), 0);
  assert.equal(bucket.take(0), true);
  const waitMs = bucket.waitMs(0);
  assert.equal(waitMs, 334);
  assert.equal(bucket.take(waitMs - 2), false);
  assert.equal(bucket.take(waitMs), true);
});

test("a pause before a retry doubles up to its cap and is never shorter than half of it", () => {
  const limits = { firstMs: 100, maxMs: 1_000 };
  assert.deepEqual(
    [1, 2, 3, 4, 5, 1_000].map((failures) => backoffMs(failures, () => 0, limits)),
    [50, 100, 200, 400, 500, 500],
  );
  assert.equal(backoffMs(1, () => 0.999_999, limits) <= 100, true);
});
