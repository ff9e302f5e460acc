import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { GIB, MIB } from "#test/builders/sizes.ts";
import { newProxySize } from "./new-proxy-size.ts";

const BASE = { cpuMilli: 100, memoryBytes: 128 * MIB };
const TEMPLATE = { requests: { cpuMilli: 150, memoryBytes: 192 * MIB }, base: BASE };

let ledger: ClusterLedger;

beforeEach(() => {
  ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
});

function nodeWith(pods: number, size: { cpuMilli: number; memoryBytes: number }): NodeLedger {
  ledger.upsertNode(aNode({ name: "node-1", ...size }));
  for (let pod = 0; pod < pods; pod++) {
    ledger.upsertPod(aPod({ name: `pod-${pod}`, node: "node-1", cpuMilli: 100, memoryBytes: 100 * MIB }));
  }
  const node = ledger.node("node-1" as NodeName);
  assert.ok(node !== undefined);
  return node;
}

test("on a node without mesh pods a proxy starts as its template says", () => {
  const node = nodeWith(0, { cpuMilli: 8_000, memoryBytes: 16 * GIB });
  assert.deepEqual(newProxySize(node, TEMPLATE), TEMPLATE.requests);
});

test("on a node with mesh pods it starts with what they call for, over its own base", () => {
  const node = nodeWith(10, { cpuMilli: 8_000, memoryBytes: 16 * GIB });
  const { modelCost } = node;
  assert.ok(modelCost.cpuMilli > 50 && modelCost.memoryBytes > 64 * MIB);
  assert.deepEqual(newProxySize(node, TEMPLATE), {
    cpuMilli: BASE.cpuMilli + modelCost.cpuMilli,
    memoryBytes: BASE.memoryBytes + modelCost.memoryBytes,
  });
});

test("it takes no more than is free, and beside an old proxy only what that one leaves", () => {
  const node = nodeWith(10, { cpuMilli: 1_160, memoryBytes: 1_195 * MIB });
  assert.deepEqual(newProxySize(node, TEMPLATE), { cpuMilli: 160, memoryBytes: 195 * MIB });
  ledger.upsertPod(aProxy({ node: "node-1", cpuMilli: 40, memoryBytes: 100 * MIB }));
  assert.deepEqual(newProxySize(node, TEMPLATE), { cpuMilli: 120, memoryBytes: 95 * MIB });
});

test("beside an old proxy on a full node it asks for half of what that one has, and for no more than the template", () => {
  const node = nodeWith(10, { cpuMilli: 1_301, memoryBytes: 1_800 * MIB });
  ledger.upsertPod(aProxy({ node: "node-1", cpuMilli: 301, memoryBytes: 800 * MIB }));
  assert.deepEqual(newProxySize(node, TEMPLATE), { cpuMilli: 150, memoryBytes: 192 * MIB });
  ledger.upsertPod(aProxy({ node: "node-1", cpuMilli: 151, memoryBytes: 200 * MIB }));
  const tight = nodeWith(10, { cpuMilli: 1_151, memoryBytes: 1_200 * MIB });
  assert.deepEqual(newProxySize(tight, TEMPLATE), { cpuMilli: 75, memoryBytes: 100 * MIB });
});

test("alone it is never smaller than the template, even where that has no room: the pod then waits, as it would anyway", () => {
  const node = nodeWith(10, { cpuMilli: 1_000, memoryBytes: 1_000 * MIB });
  assert.deepEqual(newProxySize(node, TEMPLATE), TEMPLATE.requests);
});

test("beside a proxy that has next to nothing it still asks for something, or it could never be resized", () => {
  const node = nodeWith(10, { cpuMilli: 1_000, memoryBytes: 1_000 * MIB });
  ledger.upsertPod(aProxy({ node: "node-1", cpuMilli: 1, memoryBytes: 0 }));
  assert.deepEqual(newProxySize(node, TEMPLATE), { cpuMilli: 1, memoryBytes: 1 });
});
