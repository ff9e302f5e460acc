import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeOwner } from "./decode-owner.ts";
import { DecodeError } from "./decode-pod.ts";

test("an owner wants the replicas it says, and one if it says nothing", () => {
  assert.deepEqual(decodeOwner({ metadata: { uid: "set" }, spec: { replicas: 0 } }), {
    uid: "set",
    replicas: 0,
  });
  assert.deepEqual(decodeOwner({ metadata: { uid: "set" }, spec: {} }), { uid: "set", replicas: 1 });
});

test("what is no owner is refused", () => {
  for (const raw of [null, {}, { metadata: {} }]) assert.throws(() => decodeOwner(raw), DecodeError);
});
