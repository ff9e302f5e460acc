import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  decideLease,
  heldRecord,
  leaseRecordOf,
  leaseSpec,
  microTime,
  observeLease,
  releasedRecord,
} from "./lease-record.ts";
import type { LeaseRecord } from "./lease-record.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function aRecord(overrides: Partial<LeaseRecord> = {}): LeaseRecord {
  const time = microTime(NOW_MS);
  return {
    holder: "b",
    durationSeconds: 15,
    acquireTime: time,
    renewTime: time,
    transitions: 3,
    ...overrides,
  };
}

test("a lease that is absent or released is acquired, and one's own is renewed", () => {
  const a = { identity: "a", nowMs: NOW_MS };
  assert.equal(decideLease(undefined, a), "acquire");
  assert.equal(decideLease({ record: aRecord({ holder: "" }), observedMs: NOW_MS }, a), "acquire");
  assert.equal(decideLease({ record: aRecord({ holder: "a" }), observedMs: 0 }, a), "renew");
});

test("another's lease is waited for until its duration has passed since it was first seen", () => {
  const observed = { record: aRecord(), observedMs: NOW_MS };
  assert.equal(decideLease(observed, { identity: "a", nowMs: NOW_MS + 14_999 }), "wait");
  assert.equal(decideLease(observed, { identity: "a", nowMs: NOW_MS + 15_000 }), "acquire");
});

test("the holder's clock does not matter, only when its record last changed here", () => {
  const longAgo = aRecord({ renewTime: microTime(0) });
  const seen = observeLease(undefined, longAgo, NOW_MS);
  assert.equal(decideLease(seen, { identity: "a", nowMs: NOW_MS + 1 }), "wait");
  const unchanged = observeLease(seen, { ...longAgo }, NOW_MS + 9_000);
  assert.equal(unchanged.observedMs, NOW_MS);
  const renewed = observeLease(unchanged, { ...longAgo, renewTime: microTime(1) }, NOW_MS + 9_000);
  assert.equal(renewed.observedMs, NOW_MS + 9_000);
});

test("a takeover counts a transition and a new acquisition, a renewal neither", () => {
  const nowMs = NOW_MS + 20_000;
  const taken = heldRecord(aRecord(), { identity: "a", durationSeconds: 15, nowMs });
  assert.deepEqual(
    taken,
    aRecord({ holder: "a", acquireTime: microTime(nowMs), renewTime: microTime(nowMs), transitions: 4 }),
  );
  const renewed = heldRecord(taken, { identity: "a", durationSeconds: 15, nowMs: nowMs + 2_000 });
  assert.deepEqual(renewed, { ...taken, renewTime: microTime(nowMs + 2_000) });
  assert.equal(heldRecord(undefined, { identity: "a", durationSeconds: 15, nowMs }).transitions, 0);
});

test("times carry six fraction digits, as the API server demands", () => {
  assert.equal(microTime(NOW_MS), "2026-01-02T03:04:05.678000Z");
});

test("a record survives its way through the API, and an empty Lease is nobody's", () => {
  const record = releasedRecord(aRecord(), NOW_MS);
  assert.deepEqual(leaseRecordOf({ spec: leaseSpec(record) }), record);
  assert.equal(record.holder, "");
  assert.equal(leaseRecordOf({ metadata: {} }).holder, "");
  assert.equal(
    decideLease({ record: leaseRecordOf({}), observedMs: NOW_MS }, { identity: "a", nowMs: NOW_MS }),
    "acquire",
  );
  assert.throws(() => leaseRecordOf(undefined), { code: "KubeMalformed" });
});

test("two candidates with clocks apart never both find the lease theirs", () => {
  const skewMs = fc.integer({ min: -3_600_000, max: 3_600_000 });
  const looks = fc.array(
    fc.record({ who: fc.constantFrom(0, 1), afterMs: fc.integer({ min: 1, max: 9_000 }) }),
  );
  fc.assert(
    fc.property(skewMs, looks, (skew, taken) => {
      // A lease as the API holds it, looked at by each candidate on its own clock; who wrote last holds it for 15 s.
      let record: LeaseRecord | undefined;
      let heldUntilMs = 0;
      let timeMs = NOW_MS;
      const observed: (ReturnType<typeof observeLease> | undefined)[] = [undefined, undefined];
      for (const { who, afterMs } of taken) {
        timeMs += afterMs;
        const nowMs = who === 0 ? timeMs : timeMs + skew;
        observed[who] = record === undefined ? undefined : observeLease(observed[who], record, nowMs);
        if (decideLease(observed[who], { identity: String(who), nowMs }) === "wait") continue;
        const isTakeover = record !== undefined && record.holder !== String(who);
        if (isTakeover) assert.ok(timeMs >= heldUntilMs, "taken while it was still held");
        record = heldRecord(record, { identity: String(who), durationSeconds: 15, nowMs });
        heldUntilMs = timeMs + 15_000;
      }
    }),
  );
});
