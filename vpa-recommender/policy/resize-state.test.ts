import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resources } from "#model/resources.ts";
import { COOLDOWN_MS, coolingUntilMs, nextResizeState, type ResizeEvent, SETTLED } from "./resize-state.ts";

const SIZE: Resources = { cpuMilli: 500, memoryBytes: 500 };
const SMALLER: Resources = { cpuMilli: 400, memoryBytes: 600 };
const LARGER: Resources = { cpuMilli: 500, memoryBytes: 501 };

function after(...events: readonly ResizeEvent[]) {
  let state = SETTLED;
  for (const event of events) state = nextResizeState(state, event);
  return state;
}

test("a resize is underway until it is answered", () => {
  const sent = { kind: "sent", size: SIZE } as const;
  assert.equal(after(sent).kind, "underway");
  assert.deepEqual(after(sent, { kind: "accepted" }), SETTLED);
});

for (const kind of ["refused", "deferred"] as const) {
  test(`a ${kind} size and larger ones wait for the cooldown, smaller ones do not`, () => {
    const state = after({ kind: "sent", size: SIZE }, { kind, size: SIZE, nowMs: 1_000 });
    const untilMs = 1_000 + COOLDOWN_MS;
    assert.equal(coolingUntilMs(state, SIZE, 1_000), untilMs);
    assert.equal(coolingUntilMs(state, LARGER, untilMs - 1), untilMs);
    assert.equal(coolingUntilMs(state, SMALLER, 1_000), undefined);
    assert.equal(coolingUntilMs(state, SIZE, untilMs), undefined);
  });
}

test("a node that defers before the API server's answer arrives is cooled down all the same", () => {
  const state = after(
    { kind: "sent", size: SIZE },
    { kind: "deferred", size: SIZE, nowMs: 1_000 },
    { kind: "accepted" },
  );
  assert.equal(coolingUntilMs(state, SIZE, 1_001), 1_000 + COOLDOWN_MS);
});

test("a size that kubelet grants after all ends the cooldown", () => {
  const deferred = { kind: "deferred", size: SIZE, nowMs: 1_000 } as const;
  assert.deepEqual(after({ kind: "sent", size: SIZE }, deferred, { kind: "granted" }), SETTLED);
});

test("a surplus dates from when it began and ends with the next resize or when it is gone", () => {
  const surplus = (nowMs: number): ResizeEvent => ({ kind: "surplus", nowMs });
  assert.equal(after(surplus(5), surplus(9)).surplusSinceMs, 5);
  assert.equal(after(surplus(5), { kind: "noSurplus" }, surplus(9)).surplusSinceMs, 9);
  assert.equal(after(surplus(5), { kind: "sent", size: SIZE }).surplusSinceMs, undefined);
  assert.equal(after(surplus(5), { kind: "refused", size: SIZE, nowMs: 6 }).surplusSinceMs, 5);
});
