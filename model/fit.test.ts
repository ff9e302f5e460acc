import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { NodeName } from "./brand.ts";
import { aDemand } from "#test/builders/a-demand.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { anyDemand, anyEvent, NODE_NAMES } from "#test/builders/cluster-events.ts";
import { PlainCluster } from "#test/oracle/plain-cluster.ts";
import { copiesOf, plainFreeAfter, plainMeshCost, plainRejection } from "#test/oracle/plain-fit.ts";
import {
  cpuMilliFreeAfter,
  costedDemand,
  freeRoom,
  memoryBytesFreeAfter,
  meshCost,
  rejectionOf,
} from "./fit.ts";
import { ClusterLedger, type PodDemand } from "./ledger.ts";
import { addResources, isWithin, type Resources } from "./resources.ts";

const NODE = NODE_NAMES[0]!;

// The proxy counts 200m of which 100m are its base; an instance of cart costs 50m and each of its pods 10m.
function aLedger({ cpuMilli = 1_000, proxy = aProxy({ cpuMilli: 200 }) } = {}): ClusterLedger {
  const ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  ledger.upsertNode(aNode({ cpuMilli }));
  ledger.upsertPod(proxy);
  return ledger;
}

function rejection(ledger: ClusterLedger, pod: PodDemand): ReturnType<typeof rejectionOf> {
  return rejectionOf(ledger.node(NODE), costedDemand(pod, ledger));
}

test("the first pod of an app costs the base and its own share, the second only its share", () => {
  const ledger = aLedger();
  const second = aDemand({ name: "cart-2" });
  assert.equal(meshCost(ledger.node(NODE)!, costedDemand(second, ledger)).cpuMilli, 60);
  ledger.upsertPod(aPod({ node: "node-1" }));
  assert.equal(meshCost(ledger.node(NODE)!, costedDemand(second, ledger)).cpuMilli, 10);
});

test("a pod fits while the proxy still has the size that its growth needs", () => {
  // 1000 − 200 for the proxy; required becomes 160, which the proxy already has.
  assert.equal(rejection(aLedger(), aDemand({ cpuMilli: 800 })), undefined);
  assert.equal(rejection(aLedger(), aDemand({ cpuMilli: 801 })), "appDoesNotFit");
});

test("a pod that fits alone but not with the proxy's growth is told so", () => {
  const ledger = aLedger({ proxy: aProxy({ cpuMilli: 100 }) });
  assert.equal(rejection(ledger, aDemand({ cpuMilli: 840 })), undefined);
  assert.equal(rejection(ledger, aDemand({ cpuMilli: 841 })), "meshShareDoesNotFit");
  assert.equal(rejection(ledger, aDemand({ cpuMilli: 901 })), "appDoesNotFit");
});

test("memory is judged to the last byte, as CPU is to the last millicore", () => {
  const ledger = new ClusterLedger();
  ledger.upsertNode(aNode({ memoryBytes: 1_000 }));
  assert.equal(rejection(ledger, aDemand({ app: null, memoryBytes: 1_000 })), undefined);
  assert.equal(rejection(ledger, aDemand({ app: null, memoryBytes: 1_001 })), "appDoesNotFit");
});

test("a pod outside the mesh needs no proxy", () => {
  const ledger = new ClusterLedger();
  ledger.upsertNode(aNode());
  assert.equal(rejection(ledger, aDemand({ app: null })), undefined);
  assert.equal(rejection(ledger, aDemand()), "proxyAbsent");
});

test("a mesh pod waits for a proxy that is not ready, and for a node that was not seen", () => {
  assert.equal(rejection(aLedger({ proxy: aProxy({ isReady: false }) }), aDemand()), "proxyNotReady");
  assert.equal(rejection(new ClusterLedger(), aDemand()), "nodeUnknown");
});

test("a terminating pod holds its request, its share of the proxy and its place among the app's until it is gone", () => {
  const ledger = aLedger({ cpuMilli: 480, proxy: aProxy({ cpuMilli: 100 }) });
  const leaving = aPod({ name: "cart-1", node: "node-1", isTerminating: true });
  ledger.upsertPod(leaving);
  // 100 for the proxy and 50 for the instance, then 110 for each pod: the first three fit.
  for (const name of ["cart-2", "cart-3"])
    ledger.reserve({ pod: aDemand({ name }), node: NODE, expiresAtMs: 1 });
  assert.equal(rejection(ledger, aDemand({ name: "cart-4" })), "appDoesNotFit");
  ledger.setProfile(aProfile({ placement: { maxPodsPerNode: 3 } }));
  assert.equal(rejection(ledger, aDemand({ name: "cart-4" })), "appLimitReached");
  ledger.removePod(leaving.uid);
  assert.equal(rejection(ledger, aDemand({ name: "cart-4" })), undefined);
});

test("an app's limit of pods on a node counts promises too", () => {
  const ledger = aLedger();
  ledger.setProfile(aProfile({ placement: { maxPodsPerNode: 2 } }));
  ledger.upsertPod(aPod({ name: "cart-1", node: "node-1" }));
  assert.equal(rejection(ledger, aDemand({ name: "cart-3" })), undefined);
  ledger.reserve({ pod: aDemand({ name: "cart-2" }), node: NODE, expiresAtMs: 1_000 });
  assert.equal(rejection(ledger, aDemand({ name: "cart-3" })), "appLimitReached");
});

test("an app's limit of pods in a zone counts all the zone's nodes, promises too, and no node without a zone", () => {
  const ledger = aLedger();
  for (const [name, zone] of Object.entries({ near: "zone-a", far: "zone-b", nowhere: "" })) {
    ledger.upsertNode(aNode({ name, zone }));
    ledger.upsertPod(aProxy({ node: name }));
  }
  ledger.setProfile(aProfile({ placement: { maxPodsPerZone: 2 } }));
  ledger.upsertPod(aPod({ name: "cart-1", node: "near" }));
  const on = (name: string) =>
    rejectionOf(ledger.node(name as NodeName), costedDemand(aDemand({ name: "cart-9" }), ledger));
  assert.deepEqual(["near", NODE, "far", "nowhere"].map(on), [undefined, undefined, undefined, undefined]);
  ledger.reserve({ pod: aDemand({ name: "cart-2" }), node: NODE, expiresAtMs: 1_000 });
  assert.deepEqual(["near", NODE, "far", "nowhere"].map(on), [
    "zoneLimitReached",
    "zoneLimitReached",
    undefined,
    undefined,
  ]);
  ledger.expire(1_000);
  assert.equal(on("near"), undefined);
});

test("a node that moves to another zone, or goes, takes its pods out of the zone's count", () => {
  const ledger = aLedger();
  ledger.setProfile(aProfile({ placement: { maxPodsPerZone: 1 } }));
  ledger.upsertNode(aNode({ name: "near" }));
  ledger.upsertPod(aPod({ name: "cart-1", node: "near" }));
  assert.equal(rejection(ledger, aDemand({ name: "cart-9" })), "zoneLimitReached");
  ledger.upsertNode(aNode({ name: "near", zone: "zone-b" }));
  assert.equal(rejection(ledger, aDemand({ name: "cart-9" })), undefined);
  ledger.upsertNode(aNode({ name: "near" }));
  ledger.removeNode("near" as NodeName);
  assert.equal(rejection(ledger, aDemand({ name: "cart-9" })), undefined);
});

test("pods that come with the same base pay it once", () => {
  const ledger = aLedger({ proxy: aProxy({ cpuMilli: 0 }) });
  const pod = costedDemand(aDemand({ cpuMilli: 100 }), ledger);
  assert.equal(cpuMilliFreeAfter(ledger.node(NODE)!, pod, 0), 900);
  assert.equal(cpuMilliFreeAfter(ledger.node(NODE)!, pod, 3), 900 - 300 - 50 - 30);
});

test("a node is judged as if the pod were put there and everything added up again", () => {
  onRandomClusters(({ ledger, plain, demand, copies }) => {
    const pod = costedDemand(demand, ledger);
    for (const name of NODE_NAMES) {
      const node = ledger.node(name);
      assert.equal(rejectionOf(node, pod), plainRejection(plain, name, copiesOf(demand, 1)[0]!));
      if (node === undefined) continue;
      const free = plainFreeAfter(plain, name, copiesOf(demand, copies));
      assert.equal(cpuMilliFreeAfter(node, pod, copies), free.cpuMilli);
      assert.equal(memoryBytesFreeAfter(node, pod, copies), free.memoryBytes);
      assert.deepEqual(meshCost(node, pod), plainMeshCost(plain, name, copiesOf(demand, 1)));
    }
  });
});

test("free room is what is allocatable less requests and the required proxy", () => {
  onRandomClusters(({ ledger, plain }) => {
    for (const node of ledger.nodes()) {
      const { allocatable, requested, required } = plain.account(node.name)!;
      assert.deepEqual(addResources(freeRoom(node), addResources(requested, required)), allocatable);
    }
  });
});

test("two pods cost a node at most what they would cost it one by one", () => {
  // Each sum is rounded up to a whole unit, so that the costs apart may come out one unit too small.
  const roundingUnit: Resources = { cpuMilli: 1, memoryBytes: 1 };
  onRandomClusters(({ ledger, plain, demand, other }) => {
    const [one, two] = [copiesOf(demand, 1)[0]!, copiesOf(other, 2)[1]!];
    for (const node of ledger.nodes()) {
      const apart = addResources(
        meshCost(node, costedDemand(one, ledger)),
        meshCost(node, costedDemand(two, ledger)),
      );
      const together = plainMeshCost(plain, node.name, [one, two]);
      assert.ok(isWithin(together, addResources(apart, roundingUnit)));
    }
  });
});

interface RandomCluster {
  readonly ledger: ClusterLedger;
  readonly plain: PlainCluster;
  readonly demand: PodDemand;
  readonly other: PodDemand;
  readonly copies: number;
}

function onRandomClusters(check: (cluster: RandomCluster) => void): void {
  const history = fc.array(anyEvent, { maxLength: 60, size: "max" });
  fc.assert(
    fc.property(history, anyDemand, anyDemand, fc.nat(4), (events, demand, other, copies) => {
      const ledger = new ClusterLedger();
      const plain = new PlainCluster();
      for (const { apply } of events) {
        apply(ledger);
        apply(plain);
      }
      check({ ledger, plain, demand, other, copies });
    }),
    { numRuns: 500 },
  );
}
