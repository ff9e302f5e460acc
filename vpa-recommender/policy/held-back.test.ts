import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldBack, isHeldBack } from "./held-back.ts";

test("the longer CPU is held back, the more is taken for wanted; one reading below the limit begins anew", () => {
  const heldBack = new HeldBack();
  const ratios = [1_000, 1_000, 999, 1_000, 500, 1_000].map((used) => heldBack.wantedRatio(used, 1_000));
  assert.deepEqual(ratios, [1.05, 1.2, 1.5, 1.5, 1, 1.05]);
});

test("without a limit nothing is held back", () => {
  assert.equal(isHeldBack(1_000, undefined), false);
  assert.equal(isHeldBack(989, 1_000), false);
  assert.equal(isHeldBack(990, 1_000), true);
  assert.equal(new HeldBack().wantedRatio(1_000, undefined), 1);
});
