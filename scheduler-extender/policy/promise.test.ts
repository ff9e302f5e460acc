import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { costedDemand } from "#model/fit.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { aDemand } from "#test/builders/a-demand.ts";
import { aNode } from "#test/builders/a-node.ts";
import { anApp, aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { MIB } from "#test/builders/sizes.ts";
import type { Placement } from "./placement.ts";
import { promise } from "./promise.ts";

const LIMITS = { reservationMs: 1_000, siblingHoldMs: 5_000 };
const NODE = "node-1" as NodeName;
const CART = anApp("cart");

function aLedger(): ClusterLedger {
  const ledger = new ClusterLedger();
  ledger.upsertNode(aNode());
  ledger.upsertPod(aProxy());
  ledger.setProfile(aProfile());
  return ledger;
}

function promised(
  ledger: ClusterLedger,
  pod: Parameters<typeof aPod>[0],
  placement: Partial<Placement> = {},
): void {
  const chosen: Placement = {
    node: NODE,
    reason: "joinsInstance",
    ranking: [NODE],
    groupPods: 1,
    ...placement,
  };
  promise(
    ledger,
    { pod: costedDemand(aDemand(pod), ledger), placement: chosen },
    { nowMs: 100, limits: LIMITS },
  );
}

test("a promise reserves the pod's request and its share of the proxy until it runs out", () => {
  const ledger = aLedger();
  promised(ledger, { cpuMilli: 300 });
  const node = ledger.node(NODE);
  assert.equal(node?.requested.cpuMilli, 300);
  assert.equal(node?.modelCost.cpuMilli, 60);
  assert.equal(ledger.expire(1_099).length, 0);
  assert.equal(ledger.expire(1_100).length, 1);
  assert.equal(node?.requested.cpuMilli, 0);
  assert.equal(node?.modelCost.cpuMilli, 0);
});

test("the pod that opens an instance holds room for the rest of its group, share of the proxy included", () => {
  const ledger = aLedger();
  promised(ledger, { cpuMilli: 300, memoryBytes: 10 * MIB }, { reason: "opensInstance", groupPods: 4 });
  assert.deepEqual(ledger.node(NODE)?.holds.get(CART), {
    app: CART,
    request: { cpuMilli: 310, memoryBytes: 20 * MIB },
    pods: 3,
    expiresAtMs: 5_100,
  });
  ledger.expire(5_099);
  assert.equal(ledger.node(NODE)?.holds.size, 1);
  ledger.expire(5_100);
  assert.equal(ledger.node(NODE)?.holds.size, 0);
});

test("each sibling that comes takes its part of the hold, and the last one ends it", () => {
  const ledger = aLedger();
  promised(ledger, { name: "cart-1" }, { reason: "opensInstance", groupPods: 3 });
  promised(ledger, { name: "cart-2" });
  assert.equal(ledger.node(NODE)?.holds.get(CART)?.pods, 1);
  promised(ledger, { name: "cart-3" });
  assert.equal(ledger.node(NODE)?.holds.size, 0);
});

test("a pod of another app leaves the hold alone", () => {
  const ledger = aLedger();
  promised(ledger, { name: "cart-1" }, { reason: "opensInstance", groupPods: 3 });
  promised(ledger, { name: "pay-1", app: "pay" });
  promised(ledger, { name: "batch-1", app: null }, { reason: "outsideMesh" });
  assert.equal(ledger.node(NODE)?.holds.get(CART)?.pods, 2);
});

test("a pod seen bound cannot be promised anything", () => {
  const ledger = aLedger();
  ledger.upsertPod(aPod({ node: NODE }));
  promised(ledger, {});
  assert.equal(ledger.reservationCount, 0);
});
