import assert from "node:assert/strict";
import { test } from "node:test";

import { newMemoryState, observeMemory } from "./memory-pressure.ts";
import type { MemorySample, MemoryVerdict } from "./memory-pressure.ts";

const BOUNDS = { quotaBytes: 100, heapBytesMax: 60 };

function verdicts(samples: readonly Partial<MemorySample>[]): readonly MemoryVerdict[] {
  let state = newMemoryState;
  return samples.map((sample, index) => {
    const full = { heapUsedBytes: 10, externalBytes: 0, nowMs: index * 100, ...sample };
    const step = observeMemory(state, full, BOUNDS);
    state = step.state;
    return step.verdict;
  });
}

test("buffers near the quota have requests refused at once, until they have come well down", () => {
  const external = [0, 59, 61, 55, 51, 49].map((externalBytes) => ({ externalBytes }));
  assert.deepEqual(verdicts(external), ["fine", "fine", "shed", "shed", "shed", "fine"]);
});

test("garbage that is collected within a second is no reason to refuse anything", () => {
  const heap = Array.from({ length: 60 }, (_, index) => ({ heapUsedBytes: 20 + (index % 9) * 4 }));
  assert.deepEqual(new Set(verdicts(heap)), new Set(["fine"]));
});

test("memory that does not come down in three seconds has the instance replaced", () => {
  const leak = Array.from({ length: 50 }, () => ({ heapUsedBytes: 45 }));
  const said = verdicts(leak);
  assert.equal(said.indexOf("shed"), 0);
  assert.equal(said.indexOf("recycle"), 30);
});

test("a heap near its own limit counts, although the quota has room", () => {
  assert.deepEqual(verdicts([{ heapUsedBytes: 41 }, { heapUsedBytes: 55 }]), ["fine", "fine"]);
  assert.deepEqual(verdicts([{ heapUsedBytes: 43 }]), ["shed"]);
});

test("memory that nearly fills the quota has it replaced at once", () => {
  assert.deepEqual(verdicts([{ externalBytes: 85 }]), ["recycle"]);
});
