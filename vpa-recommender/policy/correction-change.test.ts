import assert from "node:assert/strict";
import { test } from "node:test";
import { isWorthPublishing } from "./correction-change.ts";

test("small changes of either resource are not published", () => {
  const published = { cpu: 1, memory: 1 };
  assert.equal(isWorthPublishing(published, { cpu: 1.04, memory: 0.96 }), false);
  assert.equal(isWorthPublishing(published, { cpu: 1.06, memory: 1 }), true);
  assert.equal(isWorthPublishing(published, { cpu: 1, memory: 0.9 }), true);
});
