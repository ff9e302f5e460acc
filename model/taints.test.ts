import assert from "node:assert/strict";
import { test } from "node:test";
import { toleratesTaints, toleratesUnschedulable, untoleratedPreferences } from "./taints.ts";
import type { Taint, Toleration } from "./taints.ts";

const GPU: Taint = { key: "gpu", value: "yes", effect: "NoSchedule" };

const TOLERATIONS: readonly (readonly [name: string, toleration: Toleration, isTolerated: boolean])[] = [
  ["the same key and value", { key: "gpu", value: "yes" }, true],
  ["operator Equal spelled out", { key: "gpu", operator: "Equal", value: "yes" }, true],
  ["another value", { key: "gpu", value: "no" }, false],
  ["no value", { key: "gpu" }, false],
  ["the key alone with Exists", { key: "gpu", operator: "Exists" }, true],
  ["another key", { key: "fpga", operator: "Exists" }, false],
  ["every key", { operator: "Exists" }, true],
  ["the same effect", { key: "gpu", operator: "Exists", effect: "NoSchedule" }, true],
  ["another effect", { key: "gpu", operator: "Exists", effect: "NoExecute" }, false],
  ["a comparison, which is off by default", { key: "gpu", operator: "Gt", value: "0" }, false],
];

for (const [name, toleration, isTolerated] of TOLERATIONS) {
  test(`a toleration of ${name} ${isTolerated ? "lets the pod in" : "does not"}`, () => {
    assert.equal(toleratesTaints([GPU], [toleration]), isTolerated);
  });
}

test("every NoSchedule and NoExecute taint has to be tolerated, PreferNoSchedule none", () => {
  const drained: Taint = { key: "drained", effect: "NoExecute" };
  const slow: Taint = { key: "slow", effect: "PreferNoSchedule" };
  assert.equal(toleratesTaints([GPU, drained], [{ key: "gpu", operator: "Exists" }]), false);
  assert.equal(toleratesTaints([slow], []), true);
  assert.equal(untoleratedPreferences([slow, GPU, { ...slow, key: "old" }], [{ key: "old" }]), 1);
});

test("a cordoned node is tolerated by key or by everything", () => {
  assert.equal(toleratesUnschedulable([]), false);
  assert.equal(
    toleratesUnschedulable([{ key: "node.kubernetes.io/unschedulable", operator: "Exists" }]),
    true,
  );
  assert.equal(toleratesUnschedulable([{ operator: "Exists" }]), true);
});
