import assert from "node:assert/strict";
import { test } from "node:test";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { eligibilityFor } from "./eligibility.ts";
import { ClusterLedger } from "./ledger.ts";
import type { NodeTraits } from "./node-traits.ts";
import type { PodWishes } from "./pod-wishes.ts";

function isEligible(traits: Partial<NodeTraits>, wishes: Partial<PodWishes> = {}): boolean {
  const ledger = new ClusterLedger();
  const view = aNode({ traits });
  ledger.upsertNode(view);
  ledger.upsertPod(aProxy());
  ledger.upsertPod(aPod({ node: view.name }));
  const node = ledger.node(view.name);
  assert.ok(node !== undefined);
  return eligibilityFor({ tolerations: [], ...wishes })(node);
}

test("a node's labels have to match the pod's selector and one of its required terms", () => {
  const nodeSelector = { disk: "ssd" };
  assert.equal(isEligible({ labels: { disk: "ssd" } }, { nodeSelector }), true);
  assert.equal(isEligible({ labels: { disk: "hdd" } }, { nodeSelector }), false);
  const requiredTerms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["node-2"] }] }];
  assert.equal(isEligible({}, { requiredTerms }), false);
});

test("a taint keeps pods away that do not tolerate it, a preference does not", () => {
  const taints = [{ key: "dedicated", effect: "NoSchedule" }] as const;
  assert.equal(isEligible({ taints }), false);
  assert.equal(isEligible({ taints }, { tolerations: [{ key: "dedicated", operator: "Exists" }] }), true);
  assert.equal(isEligible({ taints: [{ key: "dedicated", effect: "PreferNoSchedule" }] }), true);
});

test("a cordoned node takes only pods that tolerate the cordon", () => {
  assert.equal(isEligible({ isUnschedulable: true }), false);
  assert.equal(isEligible({ isUnschedulable: true }, { tolerations: [{ operator: "Exists" }] }), true);
});

test("a node takes as many pods as it says, its proxy included", () => {
  assert.equal(isEligible({ podsMax: 3 }), true);
  assert.equal(isEligible({ podsMax: 2 }), false);
});

test("a node whose traits are not known is left out", () => {
  const ledger = new ClusterLedger();
  const { traits: _, ...view } = aNode();
  ledger.upsertNode(view);
  const node = ledger.node(view.name);
  assert.ok(node !== undefined);
  assert.equal(eligibilityFor({ tolerations: [] })(node), false);
});
