import assert from "node:assert/strict";
import { test } from "node:test";
import { aProfile } from "#test/builders/a-profile.ts";
import { MIB } from "#test/builders/sizes.ts";
import { isWorthLearning } from "./cost-publication.ts";

const profile = aProfile();
const twice = { ...profile.cost, base: { cpuMilli: 100, memoryBytes: 200 * MIB } };
const nowMs = Date.UTC(2026, 0, 1);

test("costs that are known badly are not published", () => {
  const asked = { profile, lastMs: undefined, nowMs };
  assert.equal(isWorthLearning({ ...asked, learned: { cost: twice, confidence: 0.49 } }), false);
  assert.equal(isWorthLearning({ ...asked, learned: { cost: twice, confidence: 0.5 } }), true);
});

test("that a profile is right is published once", () => {
  const learned = { cost: profile.cost, confidence: 0.9 };
  assert.equal(isWorthLearning({ profile, learned, lastMs: undefined, nowMs }), true);
  const known = { ...profile, learned };
  assert.equal(isWorthLearning({ profile: known, learned, lastMs: undefined, nowMs }), false);
});

test("a tenth more or less of what is charged is published, half an hour after the last time", () => {
  const known = { ...profile, learned: { cost: profile.cost, confidence: 0.9 } };
  const asked = { profile: known, nowMs, lastMs: undefined };
  const based = (cpuMilli: number) => ({
    cost: { ...profile.cost, base: { cpuMilli, memoryBytes: 100 * MIB } },
    confidence: 0.9,
  });
  assert.equal(isWorthLearning({ ...asked, learned: based(54) }), false);
  assert.equal(isWorthLearning({ ...asked, learned: based(56) }), true);
  assert.equal(isWorthLearning({ ...asked, learned: based(44) }), true);
  assert.equal(isWorthLearning({ ...asked, learned: based(56), lastMs: nowMs - 60_000 }), false);
  assert.equal(isWorthLearning({ ...asked, learned: based(56), lastMs: nowMs - 1_800_000 }), true);
});
