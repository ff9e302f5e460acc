import assert from "node:assert/strict";
import { test } from "node:test";
import { fixedSidecar, quarterSidecar, withSidecar } from "./sidecar.ts";

const POD = { id: "p", request: { cpuMilli: 500, memoryBytes: 1001 } };

test("the quarter sidecar adds a quarter of the pod's memory, rounded up, and no CPU", () => {
  assert.deepEqual(withSidecar(POD, quarterSidecar), {
    id: "p",
    request: { cpuMilli: 500, memoryBytes: 1252 },
  });
});

test("the fixed sidecar adds the same to every pod", () => {
  const sidecar = fixedSidecar({ cpuMilli: 100, memoryBytes: 128 });
  assert.deepEqual(withSidecar(POD, sidecar).request, { cpuMilli: 600, memoryBytes: 1129 });
});
