import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import type { AppName } from "#model/brand.ts";

import { fullBucket, spend } from "./debt-bucket.ts";
import { cpuLimits } from "./read-limits.ts";
import {
  type CgroupVersion,
  type ThreadClaim,
  threadCgroupName,
  threadCgroupOwner,
  threadCgroupWrites,
} from "./thread-cgroup.ts";

const APP = "shop/cart" as AppName;

/** What the files hold in the end. */
function valuesOf(version: CgroupVersion, claim: Partial<ThreadClaim>): Readonly<Record<string, string>> {
  const whole = { app: APP, limitMilli: undefined, guaranteedMilli: undefined, ...claim };
  return Object.fromEntries(threadCgroupWrites(version, whole).map(({ file, value }) => [file, value]));
}

test("version 1 weighs by the guarantee and caps a tenth above the limit, with what the bucket saves", () => {
  assert.deepEqual(valuesOf("v1", { limitMilli: 200, guaranteedMilli: 250 }), {
    "cpu.shares": "256",
    "cpu.cfs_period_us": "100000",
    "cpu.cfs_quota_us": "22000",
    "cpu.cfs_burst_us": "12000",
  });
});

test("version 2 weighs by the guarantee and caps a tenth above the limit, with what the bucket saves", () => {
  assert.deepEqual(valuesOf("v2", { limitMilli: 200, guaranteedMilli: 250 }), {
    "cpu.weight": "25",
    "cpu.max": "22000 100000",
    "cpu.max.burst": "12000",
  });
});

test("an instance without a limit, or with one that its thread cannot reach, has no cap", () => {
  for (const limitMilli of [undefined, 2_001, 1e12]) {
    const first = valuesOf("v1", { limitMilli });
    assert.deepEqual([first["cpu.cfs_quota_us"], first["cpu.cfs_burst_us"]], ["-1", "0"]);
    const second = valuesOf("v2", { limitMilli });
    assert.deepEqual([second["cpu.max"], second["cpu.max.burst"]], ["max 100000", "0"]);
  }
});

test("no cap is so small that a collection of garbage would look like a stuck thread", () => {
  assert.equal(valuesOf("v1", { limitMilli: 1 })["cpu.cfs_quota_us"], "5500");
  assert.equal(valuesOf("v2", { limitMilli: 1 })["cpu.max"], "5500 100000");
});

test("an app without a guarantee weighs as a common sidecar, and every weight is one that the kernel takes", () => {
  assert.equal(valuesOf("v1", {})["cpu.shares"], "102");
  assert.equal(valuesOf("v2", {})["cpu.weight"], "10");
  assert.equal(valuesOf("v1", { guaranteedMilli: 0 })["cpu.shares"], "2");
  assert.equal(valuesOf("v2", { guaranteedMilli: 0 })["cpu.weight"], "1");
  assert.equal(valuesOf("v1", { guaranteedMilli: 1e9 })["cpu.shares"], "262144");
  assert.equal(valuesOf("v2", { guaranteedMilli: 1e9 })["cpu.weight"], "10000");
});

test("what is saved is never above the quota, whichever write the kernel has seen last", () => {
  const milli = fc.option(fc.integer({ min: 0, max: 4_000 }), { nil: undefined });
  fc.assert(
    fc.property(milli, milli, fc.constantFrom<CgroupVersion>("v1", "v2"), (before, after, version) => {
      let quota = Number.POSITIVE_INFINITY;
      let burst = 0;
      for (const limitMilli of [before, after]) {
        const claim = { app: APP, limitMilli, guaranteedMilli: undefined };
        for (const { file, value } of threadCgroupWrites(version, claim)) {
          if (file.endsWith("burst_us") || file.endsWith("burst")) burst = Number(value);
          else if (file === "cpu.cfs_quota_us")
            quota = value === "-1" ? Number.POSITIVE_INFINITY : Number(value);
          else if (file === "cpu.max")
            quota = value.startsWith("max") ? Number.POSITIVE_INFINITY : Number.parseInt(value, 10);
          assert.ok(burst <= quota, `${burst} saved with a quota of ${quota}`);
        }
      }
    }),
  );
});

const STEP_MICROS = 1_000;

test("the kernel's cap stops no thread that its bucket holds, for longer than one step of its loop", () => {
  const steps = fc.array(fc.integer({ min: 0, max: STEP_MICROS }), { minLength: 300, maxLength: 1_500 });
  // Greedy for a while, idle for a while: what empties a bucket soonest.
  const spans = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.constantFrom(0, STEP_MICROS)), { minLength: 10 })
    .map((pairs) => pairs.flatMap(([length, use]) => Array.from({ length }, () => use)));
  fc.assert(
    fc.property(fc.integer({ min: 50, max: 999 }), fc.oneof(steps, spans), (cpuMilli, wanted) => {
      const values = valuesOf("v1", { limitMilli: cpuMilli });
      const quota = Number(values["cpu.cfs_quota_us"]);
      const burst = Number(values["cpu.cfs_burst_us"]);
      const limits = cpuLimits(cpuMilli);
      let bucket = fullBucket(limits, 0);
      let runtime = quota + burst;
      for (const [nowMs, want] of wanted.entries()) {
        if (nowMs > 0 && nowMs % 100 === 0) runtime = Math.min(runtime + quota, quota + burst);
        const used = bucket.isHeld ? 0 : want;
        bucket = spend(bucket, limits, { used, nowMs: nowMs + 1 });
        runtime -= used;
        assert.ok(runtime >= -STEP_MICROS, `${-runtime} µs too few after ${nowMs} ms`);
      }
    }),
    { numRuns: 300 },
  );
});

test("a group's name is a short file name that says who made it", () => {
  const app = `${"a".repeat(63)}/${"b".repeat(253)}` as AppName;
  const name = threadCgroupName(app, 4_194_304, 9_999_999);
  assert.match(name, /^[a-z0-9_-]{1,200}$/);
  assert.equal(threadCgroupOwner(name), 4_194_304);
  assert.notEqual(threadCgroupName(APP, 7, 1), threadCgroupName(APP, 7, 2));
  for (const foreign of ["tasks", "berth", "berth-thread-", "berth-thread-x-1-a", "kubepods"])
    assert.equal(threadCgroupOwner(foreign), undefined);
});
