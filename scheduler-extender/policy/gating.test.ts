import assert from "node:assert/strict";
import { test } from "node:test";
import { PROXY_LABEL } from "#model/app.ts";
import { PLACEMENT_GATE } from "#model/placing-view.ts";
import { type GateablePod, gatePatch } from "./gating.ts";

const GATE = { name: PLACEMENT_GATE };

test("a pod gets the gate, behind those that it has", () => {
  const first = [{ op: "add", path: "/spec/schedulingGates", value: [GATE] }];
  assert.deepEqual(gatePatch({}), first);
  assert.deepEqual(gatePatch({ spec: { schedulingGates: null } }), first);
  assert.deepEqual(gatePatch({ spec: { schedulingGates: [{ name: "example.com/quota" }] } }), [
    { op: "add", path: "/spec/schedulingGates/-", value: GATE },
  ]);
});

const left: readonly (readonly [string, GateablePod])[] = [
  ["is bound", { spec: { nodeName: "node-1" } }],
  ["is nominated", { status: { nominatedNodeName: "node-1" } }],
  ["has the gate", { spec: { schedulingGates: [GATE] } }],
  ["is a proxy", { metadata: { labels: { [PROXY_LABEL]: "berth" } } }],
  ["is a DaemonSet's", { metadata: { ownerReferences: [{ kind: "DaemonSet", controller: true }] } }],
];

for (const [what, pod] of left) {
  test(`a pod that ${what} is left alone`, () => assert.deepEqual(gatePatch(pod), []));
}
