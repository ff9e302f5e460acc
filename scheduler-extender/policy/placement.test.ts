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
import { GIB, MIB } from "#test/builders/sizes.ts";
import { allCandidates, namedCandidates } from "./candidates.ts";
import { place, type Placement } from "./placement.ts";

/** A ledger of nodes with a ready proxy each, by name and size in millicores. */
function aCluster(cpuMilliByNode: Readonly<Record<string, number>>): ClusterLedger {
  const ledger = new ClusterLedger();
  for (const [name, cpuMilli] of Object.entries(cpuMilliByNode)) {
    ledger.upsertNode(aNode({ name, cpuMilli }));
    ledger.upsertPod(aProxy({ node: name }));
  }
  ledger.setProfile(aProfile({ app: "cart" }));
  ledger.setProfile(aProfile({ app: "pay" }));
  return ledger;
}

function placed(
  ledger: ClusterLedger,
  pod: Parameters<typeof aPod>[0] = {},
  rankingLength = 1,
): Placement | undefined {
  return place(costedDemand(aDemand(pod), ledger), allCandidates(ledger), { ledger, rankingLength });
}

test("a pod joins the fullest node of its app that has room", () => {
  const ledger = aCluster({ "node-1": 4_000, "node-2": 4_000, "node-3": 4_000 });
  ledger.upsertPod(aPod({ name: "cart-a", node: "node-1", cpuMilli: 500 }));
  ledger.upsertPod(aPod({ name: "cart-b", node: "node-2", cpuMilli: 1_000 }));
  ledger.upsertPod(aPod({ name: "pay-a", app: "pay", node: "node-3", cpuMilli: 3_000 }));
  assert.deepEqual(placed(ledger, { name: "cart-c" }, 3), {
    node: "node-2",
    reason: "joinsInstance",
    ranking: ["node-2", "node-1"],
    groupPods: 1,
  });
});

test("a node of the app without room is passed over for another of its nodes", () => {
  const ledger = aCluster({ "node-1": 4_000, "node-2": 4_000 });
  ledger.upsertPod(aPod({ name: "cart-a", node: "node-1", cpuMilli: 3_500 }));
  ledger.upsertPod(aPod({ name: "cart-b", node: "node-2", cpuMilli: 100 }));
  assert.equal(placed(ledger, { name: "cart-c", cpuMilli: 1_000 })?.node, "node-2");
});

test("a pod whose app has no room anywhere opens an instance on the tightest node", () => {
  const ledger = aCluster({ "node-1": 4_000, "node-2": 2_000, "node-3": 3_000 });
  const placement = placed(ledger);
  assert.equal(placement?.node, "node-2");
  assert.equal(placement?.reason, "opensInstance");
});

test("the tightest node is the tightest that takes the siblings to come as well", () => {
  const ledger = aCluster({ "node-1": 4_000, "node-2": 1_000, "node-3": 3_000 });
  ledger.upsertOwner({ uid: "set-1", replicas: 5 });
  const placement = placed(ledger, { cpuMilli: 400, owner: "set-1" });
  assert.equal(placement?.node, "node-3");
  assert.equal(placement?.groupPods, 5);
});

test("a group is no larger than the app may have on one node", () => {
  const ledger = aCluster({ "node-1": 4_000, "node-2": 1_500 });
  ledger.setProfile(aProfile({ placement: { maxPodsPerNode: 2 } }));
  ledger.upsertOwner({ uid: "set-1", replicas: 8 });
  const placement = placed(ledger, { cpuMilli: 400, owner: "set-1" });
  assert.equal(placement?.node, "node-2");
  assert.equal(placement?.groupPods, 2);
});

test("a group that fits nowhere is halved until some node takes it", () => {
  // node-1 has room for three and node-2 for one: of 8, 4, 2 and 1 the third is the first that fits.
  const ledger = aCluster({ "node-1": 1_800, "node-2": 900 });
  ledger.upsertOwner({ uid: "set-1", replicas: 8 });
  const placement = placed(ledger, { cpuMilli: 500, owner: "set-1" });
  assert.equal(placement?.node, "node-1");
  assert.equal(placement?.groupPods, 2);
});

test("room held for another app is avoided while there is other room", () => {
  const ledger = aCluster({ "node-1": 1_000, "node-2": 4_000 });
  const held = { app: anApp("pay"), request: { cpuMilli: 301, memoryBytes: MIB }, expiresAtMs: 1 };
  ledger.hold("node-1" as NodeName, { ...held, pods: 2 });
  assert.equal(placed(ledger, { cpuMilli: 200 })?.node, "node-2");
});

test("room held for another app is taken where there is no other", () => {
  const ledger = aCluster({ "node-1": 1_000 });
  const held = { app: anApp("pay"), request: { cpuMilli: 301, memoryBytes: MIB }, expiresAtMs: 1 };
  ledger.hold("node-1" as NodeName, { ...held, pods: 2 });
  const placement = placed(ledger, { cpuMilli: 200 });
  assert.equal(placement?.node, "node-1");
  assert.equal(placement?.groupPods, 0);
});

test("room held for a pod's own app is its to take", () => {
  const ledger = aCluster({ "node-1": 1_000, "node-2": 4_000 });
  const held = { app: anApp("cart"), request: { cpuMilli: 700, memoryBytes: MIB }, expiresAtMs: 1 };
  ledger.hold("node-1" as NodeName, { ...held, pods: 1 });
  assert.equal(placed(ledger, { cpuMilli: 200 })?.node, "node-1");
});

test("the last of a node's CPU, beside much memory, is left to a pod that takes little of it", () => {
  const ledger = aCluster({ "node-1": 4_000, "node-2": 8_000 });
  // 200 of node-1's millicores are free, and nearly all of its memory; the proxy has what the pods need.
  ledger.upsertPod(aProxy({ node: "node-1", cpuMilli: 400 }));
  ledger.upsertPod(aPod({ name: "pay-a", app: "pay", node: "node-1", cpuMilli: 3_400 }));
  assert.equal(placed(ledger, { cpuMilli: 100 })?.node, "node-2");
  const lean = { cpuMilli: 100, memoryBytes: 3 * GIB };
  assert.equal(placed(ledger, lean)?.node, "node-1");
  const small = aCluster({ "node-1": 4_000 });
  small.upsertPod(aProxy({ node: "node-1", cpuMilli: 400 }));
  small.upsertPod(aPod({ name: "pay-a", app: "pay", node: "node-1", cpuMilli: 3_400 }));
  const last = placed(small, { cpuMilli: 100 });
  assert.deepEqual([last?.node, last?.groupPods], ["node-1", 0], "where there is no other node it is taken");
});

test("among equally tight nodes the one that strands less wins, and then the first by name", () => {
  const ledger = aCluster({});
  // Free shares of CPU and memory add up to the same on both: (1.0, 0.5) and (0.75, 0.75) before the pod.
  for (const [name, cpuMilli, memoryBytes] of [
    ["b-even", 1_000, 1 * GIB],
    ["a-lopsided", 0, 2 * GIB],
  ] as const) {
    ledger.upsertNode(aNode({ name, cpuMilli: 4_000, memoryBytes: 4 * GIB }));
    ledger.upsertPod(aProxy({ node: name, cpuMilli: 0, memoryBytes: 0, base: zero }));
    ledger.upsertPod(aPod({ name: `filler-of-${name}`, app: null, node: name, cpuMilli, memoryBytes }));
  }
  ledger.setProfile(aProfile({ cost: { base: zero, perPod: zero } }));
  assert.deepEqual(placed(ledger, { cpuMilli: 0, memoryBytes: 0 }, 2)?.ranking, ["b-even", "a-lopsided"]);
  const twins = aCluster({ "node-b": 4_000, "node-a": 4_000 });
  assert.equal(placed(twins)?.node, "node-a");
});

const zero = { cpuMilli: 0, memoryBytes: 0 };

test("no node has more pods of an app than its profile allows", () => {
  const ledger = aCluster({ "node-1": 4_000, "node-2": 4_000 });
  ledger.setProfile(aProfile({ placement: { maxPodsPerNode: 2 } }));
  for (let index = 0; index < 4; index++) {
    const pod = aPod({ name: `cart-${index}` });
    ledger.upsertPod({ ...pod, nodeName: placed(ledger, { name: pod.name })?.node });
  }
  assert.equal(placed(ledger, { name: "cart-4" }), undefined);
  for (const { appPods } of ledger.nodes()) assert.equal(appPods.get(anApp("cart")), 2);
});

test("in a rollout new pods join each other, not the last of the old ones", () => {
  const ledger = aCluster({ "node-1": 4_000, "node-2": 3_000 });
  ledger.upsertPod(aPod({ name: "cart-old", node: "node-1", isTerminating: true }));
  ledger.upsertOwner({ uid: "new", replicas: 2 });
  // Opened anew, and so where it is tightest; the old pod's node would only be cheap for as long as that pod is there.
  const first = placed(ledger, { name: "cart-1", owner: "new" });
  assert.deepEqual([first?.node, first?.reason], ["node-2", "opensInstance"]);
  ledger.upsertPod(aPod({ name: "cart-1", owner: "new", node: "node-2" }));
  const second = placed(ledger, { name: "cart-2", owner: "new" });
  assert.deepEqual([second?.node, second?.reason], ["node-2", "joinsInstance"]);
  ledger.upsertPod(aPod({ name: "cart-3", owner: "new", node: "node-1" }));
  assert.deepEqual(placed(ledger, { name: "cart-2", owner: "new" }, 2)?.ranking, ["node-2", "node-1"]);
});

test("no zone has more pods of an app than its profile allows, and a group opens with no more than are left", () => {
  const ledger = aCluster({ "node-1": 4_000, "node-2": 2_000, "node-3": 4_000 });
  ledger.upsertNode(aNode({ name: "node-3", zone: "zone-b" }));
  ledger.setProfile(aProfile({ placement: { maxPodsPerZone: 3 } }));
  ledger.upsertOwner({ uid: "set-1", replicas: 8 });
  ledger.upsertPod(aPod({ name: "cart-0", owner: "set-1", node: "node-1", cpuMilli: 3_600 }));
  // node-1 is full; of seven, three and one the tighter node-2 would take three, but its zone allows two more.
  const opening = placed(ledger, { name: "cart-1", cpuMilli: 300, owner: "set-1" }, 3);
  assert.deepEqual(opening, {
    node: "node-3",
    reason: "opensInstance",
    ranking: ["node-3", "node-2"],
    groupPods: 3,
  });
  for (let index = 1; index < 6; index++) {
    const pod = aPod({ name: `cart-${index}`, cpuMilli: 300, owner: "set-1" });
    ledger.upsertPod({
      ...pod,
      nodeName: placed(ledger, { name: pod.name, cpuMilli: 300, owner: "set-1" })?.node,
    });
  }
  assert.deepEqual(
    new Map(ledger.podsByZone(anApp("cart"))),
    new Map([
      ["zone-a", 3],
      ["zone-b", 3],
    ]),
  );
  assert.equal(placed(ledger, { name: "cart-9", cpuMilli: 300 }), undefined);
});

test("a pod outside the mesh goes to the tightest node, proxy or not, and brings no group", () => {
  const ledger = aCluster({ "node-1": 4_000 });
  ledger.upsertNode(aNode({ name: "bare", cpuMilli: 1_000 }));
  ledger.upsertOwner({ uid: "set-1", replicas: 4 });
  const placement = placed(ledger, { app: null, owner: "set-1" });
  assert.deepEqual(placement, { node: "bare", reason: "outsideMesh", ranking: ["bare"], groupPods: 1 });
});

test("a pod that no node takes is not placed", () => {
  assert.equal(placed(aCluster({ "node-1": 4_000 }), { cpuMilli: 4_000 }), undefined);
});

test("only the named nodes are candidates, and names that nobody knows are passed over", () => {
  const ledger = aCluster({ "node-1": 1_000, "node-2": 4_000 });
  ledger.upsertPod(aPod({ name: "cart-a", node: "node-1" }));
  const names = ["node-2", "node-9"] as string[] as NodeName[];
  const pod = costedDemand(aDemand({ name: "cart-b" }), ledger);
  assert.equal(place(pod, namedCandidates(ledger, names), { ledger })?.node, "node-2");
});
