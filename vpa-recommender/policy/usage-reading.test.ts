import assert from "node:assert/strict";
import { test } from "node:test";
import { GIB } from "#test/builders/sizes.ts";
import { readingFault } from "./usage-reading.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const context = {
  nowMs: NOW_MS,
  lastMs: NOW_MS - 60_000,
  allocatable: { cpuMilli: 4_000, memoryBytes: GIB },
};

const CASES: readonly (readonly [
  string,
  Parameters<typeof readingFault>[0],
  ReturnType<typeof readingFault>,
])[] = [
  ["a reading of a minute after the last one is believed", reading(0, 500), undefined],
  ["an idle proxy is believed", reading(0, 0), undefined],
  ["a little more than the node has is the interval's fault", reading(0, 4_500), undefined],
  ["far more than the node has is not", reading(0, 40_000), "absurd"],
  ["less than nothing is not", reading(0, -1), "negative"],
  ["what is no number is not", reading(0, Number.NaN), "negative"],
  ["the same reading again is not", reading(-60_000, 500), "duplicate"],
  ["an older one than the last is not", reading(-90_000, 500), "late"],
  ["one from the future is not", reading(120_000, 500), "future"],
];

for (const [what, given, fault] of CASES) {
  test(what, () => assert.equal(readingFault(given, context), fault));
}

test("the first reading of a node is left out if it is from before a gap", () => {
  assert.equal(readingFault(reading(-600_000, 500), { ...context, lastMs: undefined }), "late");
});

function reading(afterMs: number, cpuMilli: number) {
  return { timeMs: NOW_MS + afterMs, used: { cpuMilli, memoryBytes: GIB / 2 } };
}
