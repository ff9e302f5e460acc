import assert from "node:assert/strict";
import { test } from "node:test";
import { type Shares, takesLeanRoom } from "./lean-room.ts";

function takes(taken: Shares, left: Shares): boolean {
  return takesLeanRoom({ taken, leftMin: left, leftMax: left });
}

const EVEN = { cpu: 0.01, memory: 0.01 };

test("a pod takes lean room if it leaves less than is kept of one resource beside much of the other", () => {
  assert.equal(takes(EVEN, { cpu: 0.039, memory: 0.26 }), true);
  assert.equal(takes(EVEN, { cpu: 0.26, memory: 0.039 }), true);
  assert.equal(takes(EVEN, { cpu: 0.04, memory: 0.26 }), false, "as much is left as is kept");
  assert.equal(
    takes(EVEN, { cpu: 0.039, memory: 0.25 }),
    false,
    "too little of the other to keep anything for",
  );
  assert.equal(takes(EVEN, { cpu: 0.01, memory: 0.01 }), false, "both are used up");
});

test("a pod that takes little of the scarce resource for what it takes of the plentiful one is who the room is kept for", () => {
  const left = { cpu: 0.01, memory: 0.5 };
  assert.equal(takes({ cpu: 0.01, memory: 0.031 }, left), false);
  assert.equal(takes({ cpu: 0.01, memory: 0.029 }, left), true);
  assert.equal(takes({ cpu: 0.031, memory: 0.01 }, { cpu: 0.5, memory: 0.01 }), false);
});

test("between bounds the answer is yes only where it is certain", () => {
  const leftMin = { cpu: 0.03, memory: 0.3 };
  assert.equal(takesLeanRoom({ taken: EVEN, leftMin, leftMax: { cpu: 0.039, memory: 0.31 } }), true);
  assert.equal(takesLeanRoom({ taken: EVEN, leftMin, leftMax: { cpu: 0.041, memory: 0.31 } }), false);
  const leftMax = { cpu: 0.03, memory: 0.3 };
  assert.equal(takesLeanRoom({ taken: EVEN, leftMin: { cpu: 0.03, memory: 0.24 }, leftMax }), false);
});
