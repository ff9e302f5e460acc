import assert from "node:assert/strict";
import { test } from "node:test";
import { nodesShort, planTemplate } from "./template-size.ts";

const HOUR_MS = 3_600_000;
const OPTIONS = { percentile: 0.9, intervalMs: 24 * HOUR_MS };
const TARGETS = Array.from({ length: 10 }, (_, index) => ({
  cpuMilli: 100 * (index + 1),
  memoryBytes: 1_000 * (10 - index),
}));
const CURRENT = { cpuMilli: 500, memoryBytes: 9_000 };

test("the template takes the percentile of each resource, whatever node it is of", () => {
  const plan = planTemplate({ targets: TARGETS, current: CURRENT, changedMs: undefined }, OPTIONS, 0);
  assert.deepEqual(plan, { kind: "change", size: { cpuMilli: 900, memoryBytes: 9_000 } });
  assert.equal(nodesShort(TARGETS, { cpuMilli: 900, memoryBytes: 9_000 }), 2);
});

test("it is changed once an interval at most, since each change restarts every pod", () => {
  const situation = { targets: TARGETS, current: CURRENT, changedMs: 0 };
  const early = planTemplate(situation, OPTIONS, 24 * HOUR_MS - 1);
  assert.equal(early.kind === "hold" && early.reason, "tooSoon");
  assert.equal(planTemplate(situation, OPTIONS, 24 * HOUR_MS).kind, "change");
});

test("what is nearly right is left alone, and a surplus longer than a lack", () => {
  const kindFor = (cpuMilli: number): string => {
    const current = { cpuMilli, memoryBytes: 9_000 };
    return planTemplate({ targets: TARGETS, current, changedMs: undefined }, OPTIONS, 0).kind;
  };
  assert.deepEqual([810, 820, 1_200, 1_300].map(kindFor), ["change", "hold", "hold", "change"]);
});

test("without nodes nothing is known", () => {
  const plan = planTemplate({ targets: [], current: CURRENT, changedMs: undefined }, OPTIONS, 0);
  assert.deepEqual(plan, { kind: "hold", reason: "noTargets", size: CURRENT });
});
