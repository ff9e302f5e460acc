import assert from "node:assert/strict";
import { test } from "node:test";
import { type Condition, conditionsSchema, withCondition } from "./condition.ts";

const NOW_MS = Date.UTC(2030, 0, 31, 12, 0, 0, 999);
const PRESENT: Condition = {
  type: "PortsAllocated",
  status: "True",
  observedGeneration: 1,
  lastTransitionTime: "2029-01-01T00:00:00Z",
  reason: "Allocated",
  message: "inbound 20000, outbound 20001",
};
const OTHER: Condition = { ...PRESENT, type: "example.com/Audited", status: "False" };
const { lastTransitionTime: _, ...SAID } = PRESENT;

test("a condition joins the others, with the time in whole seconds", () => {
  assert.deepEqual(withCondition([OTHER], SAID, NOW_MS), [
    OTHER,
    { ...PRESENT, lastTransitionTime: "2030-01-31T12:00:00Z" },
  ]);
});

test("the same condition again is no change", () => {
  assert.equal(withCondition([PRESENT, OTHER], SAID, NOW_MS), undefined);
});

test("the time of the transition changes with the status, and with nothing else", () => {
  for (const part of [{ observedGeneration: 2 }, { reason: "Kept" }, { message: "" }]) {
    const next = withCondition([PRESENT, OTHER], { ...SAID, ...part }, NOW_MS);
    assert.deepEqual(next, [{ ...PRESENT, ...part }, OTHER]);
  }
  const [turned, other] = withCondition([PRESENT, OTHER], { ...SAID, status: "False" }, NOW_MS) ?? [];
  assert.deepEqual(turned, { ...PRESENT, status: "False", lastTransitionTime: "2030-01-31T12:00:00Z" });
  assert.equal(other, OTHER);
});

test("where others have filled the list, nothing is said, but what is there can still be changed", () => {
  const others = Array.from({ length: 16 }, (_, index) => ({ ...OTHER, type: `Type${index}` }));
  assert.equal(withCondition(others, SAID, NOW_MS), undefined);
  const full = [...others.slice(1), PRESENT];
  assert.equal(withCondition(full, { ...SAID, observedGeneration: 2 }, NOW_MS)?.length, 16);
});

test("conditions that were made here can be read, with the keys of later versions left out", () => {
  const made = withCondition([], SAID, NOW_MS) ?? [];
  assert.deepEqual(conditionsSchema.parse(made), made);
  assert.deepEqual(conditionsSchema.parse([{ ...PRESENT, severity: "Info" }]), [PRESENT]);
});
