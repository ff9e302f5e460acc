import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJob, decodeOwner } from "./decode-owner.ts";
import { DecodeError } from "./decode-pod.ts";

test("an owner wants the replicas it says, and one if it says nothing", () => {
  assert.deepEqual(decodeOwner({ metadata: { uid: "set" }, spec: { replicas: 0 } }), {
    uid: "set",
    replicas: 0,
  });
  assert.deepEqual(decodeOwner({ metadata: { uid: "set" }, spec: {} }), { uid: "set", replicas: 1 });
});

function wants(spec: object, status: object = {}): number {
  return decodeJob({ metadata: { uid: "job" }, spec, status }).replicas;
}

test("a Job wants what may run at once, and no more than are still to succeed", () => {
  assert.equal(wants({}), 1);
  assert.equal(wants({ completions: 100, parallelism: 8 }), 8);
  assert.equal(wants({ completions: 100, parallelism: 8 }, { succeeded: 95 }), 5);
  assert.equal(wants({ completions: 1, parallelism: 8 }, { succeeded: 3 }), 0);
  assert.equal(wants({ completions: 4, parallelism: 0 }), 0);
});

test("a Job whose pods share a queue makes no more of them once one has succeeded", () => {
  assert.equal(wants({ parallelism: 8 }), 8);
  assert.equal(wants({ parallelism: 8, completions: null }, { succeeded: 1 }), 0);
});

test("a Job that is suspended or over wants none", () => {
  const spec = { completions: 10, parallelism: 5 };
  assert.equal(wants({ ...spec, suspend: true }), 0);
  for (const type of ["Complete", "Failed", "FailureTarget"]) {
    assert.equal(wants(spec, { conditions: [{ type, status: "True" }] }), 0);
    assert.equal(wants(spec, { conditions: [{ type, status: "False" }] }), 5);
  }
});

test("what is no owner is refused", () => {
  for (const raw of [null, {}, { metadata: {} }]) {
    assert.throws(() => decodeOwner(raw), DecodeError);
    assert.throws(() => decodeJob(raw), DecodeError);
  }
});
