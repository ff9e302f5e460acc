import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { aDemand } from "#test/builders/a-demand.ts";
import { aNode } from "#test/builders/a-node.ts";
import { anApp, aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { anyDemand, anyEvent, APPS, NODE_NAMES } from "#test/builders/cluster-events.ts";
import { MIB } from "#test/builders/sizes.ts";
import { PlainCluster } from "#test/oracle/plain-cluster.ts";
import { plainNominated } from "#test/oracle/plain-preemption.ts";
import { ClusterLedger } from "./ledger.ts";
import type { NodeLedger } from "./node-ledger.ts";

const [NODE_1, NODE_2] = NODE_NAMES as readonly [(typeof NODE_NAMES)[number], (typeof NODE_NAMES)[number]];

// An instance costs 50m and 100 MiB, each pod 10m and 10 MiB.
function aLedger(): ClusterLedger {
  const ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  ledger.upsertNode(aNode({ name: "node-1" }));
  ledger.upsertNode(aNode({ name: "node-2" }));
  return ledger;
}

function costOn(ledger: ClusterLedger, name = NODE_1): number | undefined {
  return ledger.node(name)?.modelCost.cpuMilli;
}

test("an app's base is charged once however many of its first pods are in flight", () => {
  const ledger = aLedger();
  for (const name of ["cart-1", "cart-2", "cart-3"]) {
    ledger.reserve({ pod: aDemand({ name }), node: NODE_1, expiresAtMs: 1_000 });
  }
  assert.equal(costOn(ledger), 50 + 3 * 10);
});

test("an app's base is given back when the last of its first pods fails", () => {
  const ledger = aLedger();
  const first = aPod({ name: "cart-1" });
  const second = aPod({ name: "cart-2" });
  ledger.reserve({ pod: first, node: NODE_1, expiresAtMs: 1_000 });
  ledger.reserve({ pod: second, node: NODE_1, expiresAtMs: 2_000 });
  ledger.release(first.uid);
  assert.equal(costOn(ledger), 60);
  assert.deepEqual(
    ledger.expire(2_000).map(({ pod }) => pod.uid),
    [second.uid],
  );
  assert.equal(costOn(ledger), 0);
  assert.deepEqual([...ledger.nodesOfApp(first.app ?? anApp("cart"))], []);
});

test("a pod bound to another node than promised leaves nothing behind on the promised one", () => {
  const ledger = aLedger();
  ledger.upsertPod(aPod());
  ledger.reserve({ pod: aDemand(), node: NODE_1, expiresAtMs: 1_000 });
  ledger.upsertPod(aPod({ node: "node-2" }));
  assert.equal(costOn(ledger, NODE_1), 0);
  assert.equal(costOn(ledger, NODE_2), 60);
  assert.equal(ledger.reservationCount, 0);
});

test("a promise comes too late for a pod that is bound or finished", () => {
  const ledger = aLedger();
  ledger.upsertPod(aPod({ node: "node-2" }));
  ledger.upsertPod(aPod({ name: "cart-2", isFinished: true }));
  ledger.reserve({ pod: aDemand(), node: NODE_1, expiresAtMs: 1_000 });
  ledger.reserve({ pod: aDemand({ name: "cart-2" }), node: NODE_1, expiresAtMs: 1_000 });
  assert.equal(ledger.reservationCount, 0);
});

test("a new profile changes what the pods already on a node cost", () => {
  const ledger = aLedger();
  ledger.upsertPod(aPod({ node: "node-1" }));
  ledger.setProfile(aProfile({ cost: { base: { cpuMilli: 500, memoryBytes: 0 } } }));
  assert.equal(costOn(ledger), 510);
});

test("during an upgrade both proxies of a node count, and one of them being ready is enough", () => {
  const ledger = aLedger();
  ledger.upsertPod(aProxy({ name: "old", cpuMilli: 200 }));
  ledger.upsertPod(aProxy({ name: "new", cpuMilli: 150, isReady: false }));
  assert.equal(ledger.node(NODE_1)?.counted?.cpuMilli, 350);
  assert.equal(ledger.node(NODE_1)?.isProxyReady, true);
  ledger.removePod(aProxy({ name: "old" }).uid);
  assert.equal(ledger.node(NODE_1)?.isProxyReady, false);
});

test("pods that name a node before the node is seen are counted once it is", () => {
  const ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  ledger.upsertPod(aPod({ node: "node-1", memoryBytes: 64 * MIB }));
  assert.equal(ledger.node(NODE_1), undefined);
  ledger.upsertNode(aNode());
  assert.equal(ledger.node(NODE_1)?.requested.memoryBytes, 64 * MIB);
});

test("siblings to come are what the owner lacks, without the pod itself", () => {
  const ledger = aLedger();
  ledger.upsertOwner({ uid: "set", replicas: 5 });
  ledger.upsertPod(aPod({ name: "cart-1", owner: "set", node: "node-1" }));
  const next = aDemand({ name: "cart-2", owner: "set" });
  assert.equal(ledger.siblingsToCome(next), 3);
  ledger.reserve({ pod: next, node: NODE_1, expiresAtMs: 1_000 });
  assert.equal(ledger.siblingsToCome(next), 3);
  assert.equal(ledger.siblingsToCome(aDemand({ name: "cart-3", owner: "set" })), 2);
});

test("a terminating pod is replaced by its owner, and is no sibling to come itself", () => {
  const ledger = aLedger();
  ledger.upsertOwner({ uid: "set", replicas: 3 });
  ledger.upsertPod(aPod({ name: "cart-1", owner: "set", node: "node-1" }));
  for (const name of ["cart-2", "cart-3"])
    ledger.upsertPod(aPod({ name, owner: "set", node: "node-1", isTerminating: true }));
  assert.equal(ledger.siblingsToCome(aDemand({ name: "cart-4", owner: "set" })), 1);
  ledger.upsertPod(aPod({ name: "cart-9", isTerminating: true }));
  assert.equal(ledger.siblingsToCome(aDemand({ name: "cart-8" })), 0);
});

test("siblings to come are no fewer than the app's other pods that wait", () => {
  const ledger = aLedger();
  for (const name of ["cart-1", "cart-2", "cart-3"]) ledger.upsertPod(aPod({ name }));
  assert.equal(ledger.siblingsToCome(aDemand({ name: "cart-1" })), 2);
  assert.equal(ledger.siblingsToCome(aDemand({ name: "cart-9" })), 3);
  ledger.reserve({ pod: aDemand({ name: "cart-2" }), node: NODE_1, expiresAtMs: 1_000 });
  assert.equal(ledger.siblingsToCome(aDemand({ name: "cart-1" })), 1);
});

test("a hold ends with its time, with its node, and when nothing is left to hold", () => {
  const hold = { app: anApp("cart"), request: { cpuMilli: 1, memoryBytes: 1 }, pods: 2, expiresAtMs: 1_000 };
  const held = (change: (ledger: ClusterLedger) => void): number | undefined => {
    const ledger = aLedger();
    ledger.hold(NODE_1, hold);
    change(ledger);
    return ledger.node(NODE_1)?.holds.size;
  };
  assert.equal(
    held((ledger) => ledger.expire(999)),
    1,
  );
  assert.equal(
    held((ledger) => ledger.expire(1_000)),
    0,
  );
  assert.equal(
    held((ledger) => ledger.hold(NODE_1, { ...hold, pods: 0 })),
    0,
  );
  const leftAndReturned = held((ledger) => {
    ledger.upsertPod(aPod({ node: "node-1" }));
    ledger.removeNode(NODE_1);
    ledger.upsertNode(aNode());
  });
  assert.equal(leftAndReturned, 0);
});

test("a hold on a node that was never seen leaves no trace", () => {
  const ledger = new ClusterLedger();
  const hold = { app: anApp("cart"), request: { cpuMilli: 1, memoryBytes: 1 }, pods: 2, expiresAtMs: 1 };
  ledger.hold(NODE_1, hold);
  ledger.hold(NODE_1, { ...hold, pods: 0 });
  assert.equal(ledger.nodeCount, 0);
});

test("after every event the ledger says what plain lists add up to", () => {
  const history = fc.array(anyEvent, { maxLength: 60, size: "max" });
  fc.assert(
    fc.property(history, anyDemand, (events, demand) => {
      const ledger = new ClusterLedger();
      const plain = new PlainCluster();
      for (const { apply } of events) {
        assert.deepEqual(sortedUids(apply(ledger)), sortedUids(apply(plain)));
        compare(ledger, plain);
        assert.equal(ledger.siblingsToCome(demand), plain.siblingsToCome(demand));
      }
    }),
    { numRuns: 400 },
  );
});

test("a ledger that everything left is empty", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60, size: "max" }), (events) => {
      const ledger = new ClusterLedger();
      const plain = new PlainCluster();
      for (const { apply } of events) {
        apply(ledger);
        apply(plain);
      }
      ledger.expire(Infinity);
      for (const { uid } of plain.pods) ledger.removePod(uid);
      for (const name of NODE_NAMES) ledger.removeNode(name);
      assert.equal(ledger.nodeCount, 0);
      assert.equal(ledger.reservationCount, 0);
    }),
  );
});

function compare(ledger: ClusterLedger, plain: PlainCluster): void {
  for (const name of NODE_NAMES) {
    assert.deepEqual(accountOf(ledger.node(name)), plain.account(name));
    assert.deepEqual(new Set(ledger.nominatedTo(name)), new Set(plainNominated(plain, name)));
  }
  assert.deepEqual(
    [...ledger.nodes()].map(({ name }) => name).sort(),
    plain.nodes.map(({ name }) => name).sort(),
  );
  assert.equal(ledger.nodeCount, plain.nodeNames().size);
  for (const app of APPS) {
    assert.deepEqual(
      [...ledger.nodesOfApp(app)].map(({ name }) => name).sort(),
      NODE_NAMES.filter((name) => plain.account(name)?.appPods.has(app)),
    );
    assert.deepEqual(ledger.profile(app), plain.profile(app));
    assert.deepEqual(new Map(ledger.podsByZone(app)), plain.podsByZone(app));
  }
  assert.deepEqual(sortedUids([...ledger.reservations()]), sortedUids(plain.promises));
}

function accountOf(node: NodeLedger | undefined): ReturnType<PlainCluster["account"]> {
  if (node === undefined) return undefined;
  const { zone, allocatable, requested, counted, isProxyReady, appPods, modelCost, holds } = node;
  return {
    zone,
    allocatable,
    requested,
    counted,
    isProxyReady,
    appPods,
    stayingPods: new Map(
      [...appPods.keys()].map((app) => [app, node.stayingPods(app)] as const).filter(([, pods]) => pods > 0),
    ),
    modelCost,
    required: node.required(),
    holds,
  };
}

function sortedUids(promises: ReturnType<ClusterLedger["expire"]> | void): string[] {
  return (promises ?? []).map(({ pod, node }) => `${pod.uid} on ${node}`).sort();
}
