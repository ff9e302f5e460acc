import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { costedDemand } from "#model/fit.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { namedCandidates } from "./candidates.ts";
import { colocationOf } from "./colocation.ts";
import { place } from "./placement.ts";

const NODES = ["node-1", "node-2", "node-3"] as readonly string[] as readonly NodeName[];
let ledger: ClusterLedger;

beforeEach(() => {
  ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  for (const name of NODES) {
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node: name, cpuMilli: 100 }));
  }
});

function outcome(pod = aPod(), offered = NODES): string | undefined {
  const demand = costedDemand(pod, ledger);
  const placement = place(demand, namedCandidates(ledger, offered), { ledger });
  assert.ok(placement !== undefined);
  return colocationOf(placement, demand, ledger);
}

test("a pod that goes where its app runs is a hit, and the first of its app is no miss of anyone's making", () => {
  assert.equal(outcome(), "firstOfApp");
  ledger.upsertPod(aPod({ name: "sibling", node: "node-2" }));
  assert.equal(outcome(), "hit");
  assert.equal(outcome(aPod({ app: null })), undefined);
});

test("a miss is put down to room, limits, proxies, or nodes that were not offered", () => {
  ledger.upsertPod(aPod({ name: "sibling", node: "node-2" }));
  assert.equal(outcome(aPod(), [NODES[0] as NodeName]), "notOffered");
  ledger.upsertPod(aProxy({ node: "node-2", cpuMilli: 100, isReady: false }));
  assert.equal(outcome(), "proxyNotReady");
  ledger.upsertPod(aPod({ name: "third", node: "node-3" }));
  ledger.setProfile(aProfile({ placement: { maxPodsPerNode: 1 } }));
  assert.equal(outcome(), "limit");
  ledger.setProfile(aProfile());
  ledger.upsertPod(aPod({ name: "filler", app: null, node: "node-3", cpuMilli: 800 }));
  assert.equal(outcome(), "noRoom");
});

test("pods that are about to go attract nobody, and missing them is no miss", () => {
  ledger.upsertPod(aPod({ name: "old", node: "node-2", isTerminating: true }));
  assert.equal(outcome(), "firstOfApp");
});
