import assert from "node:assert/strict";
import { test } from "node:test";
import { GIB } from "#test/builders/sizes.ts";
import { decodeNode, ZONE_LABEL } from "./decode-node.ts";
import { DecodeError } from "./decode-pod.ts";

test("a node's allocatable resources round down", () => {
  const node = {
    metadata: { name: "node-1", labels: { [ZONE_LABEL]: "zone-a" } },
    status: { allocatable: { cpu: "3920500u", memory: "16Gi", pods: "110" } },
  };
  assert.deepEqual(decodeNode(node), {
    name: "node-1",
    zone: "zone-a",
    allocatable: { cpuMilli: 3_920, memoryBytes: 16 * GIB },
    traits: { labels: { [ZONE_LABEL]: "zone-a" }, taints: [], isUnschedulable: false, podsMax: 110 },
  });
});

test("a node that has not reported yet has no room and no zone", () => {
  assert.deepEqual(decodeNode({ metadata: { name: "node-1" } }), {
    name: "node-1",
    zone: "",
    allocatable: { cpuMilli: 0, memoryBytes: 0 },
    traits: { labels: {}, taints: [], isUnschedulable: false, podsMax: 0 },
  });
});

test("a node's taints and its cordon are kept", () => {
  const taints = [{ key: "dedicated", value: "batch", effect: "NoSchedule" }];
  const { traits } = decodeNode({ metadata: { name: "node-1" }, spec: { taints, unschedulable: true } });
  assert.deepEqual(traits?.taints, taints);
  assert.equal(traits?.isUnschedulable, true);
});

test("a malformed node is an error that names the node", () => {
  const node = { metadata: { name: "node-1" }, status: { allocatable: { memory: "16 Gi" } } };
  assert.throws(() => decodeNode(node), /^DecodeError: node node-1: "16 Gi" is not a quantity/);
  for (const raw of [null, 5, {}, { metadata: {} }]) assert.throws(() => decodeNode(raw), DecodeError);
});
