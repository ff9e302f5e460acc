import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { PodUid } from "#model/brand.ts";
import { anApiPod } from "#test/builders/an-api-pod.ts";
import { aNode } from "#test/builders/a-node.ts";
import { SchedulerCluster } from "../policies/scheduler-cluster.ts";
import { decodeDriverPod, type DriverPod } from "./decode-scheduling.ts";
import { SchedulerCache } from "./scheduler-cache.ts";

let cluster: SchedulerCluster;
let cache: SchedulerCache;

beforeEach(() => {
  cluster = new SchedulerCluster();
  cache = new SchedulerCache(cluster);
  cache.putNode(aNode({ name: "node-1" }));
});

/** A pod of 100 millicores. */
function aBoundPod(uid: string, nodeName: string, phase = "Running"): DriverPod {
  return decodeDriverPod(anApiPod({ metadata: { uid, name: uid }, spec: { nodeName }, status: { phase } }));
}

function requested(node: string): number | undefined {
  return cluster.node(node)?.cpuMilliRequested;
}

const WISHES = aBoundPod("any", "").wishes;
const UID = "pod-1" as PodUid;

test("a pod counts on its node from the moment it was chosen until the binding failed", () => {
  cache.assume(UID, { nodeName: "node-1", wishes: WISHES });
  assert.equal(requested("node-1"), 100);
  assert.equal(cache.isAssumed(UID), true);
  cache.forgetAssumed(UID);
  assert.equal(requested("node-1"), 0);
  assert.equal(cache.isAssumed(UID), false);
});

test("a pod that is seen bound counts once, where it was seen", () => {
  cache.putNode(aNode({ name: "node-2" }));
  cache.assume(UID, { nodeName: "node-1", wishes: WISHES });
  cache.putPod(aBoundPod(UID, "node-2"));
  assert.equal(requested("node-1"), 0);
  assert.equal(requested("node-2"), 100);
  cache.forgetAssumed(UID);
  assert.equal(requested("node-2"), 100, "it is not assumed any more");
});

test("a pod that someone else bound during its cycle stays where it is", () => {
  cache.putNode(aNode({ name: "node-2" }));
  cache.putPod(aBoundPod(UID, "node-2"));
  cache.assume(UID, { nodeName: "node-1", wishes: WISHES });
  cache.forgetAssumed(UID);
  assert.equal(requested("node-1"), 0);
  assert.equal(requested("node-2"), 100);
  cache.removePod(UID);
  assert.equal(requested("node-2"), 0);
});

test("a pod seen before its node counts once the node is there", () => {
  cache.putPod(aBoundPod(UID, "late"));
  cache.putPod(aBoundPod("pod-2", "late"));
  cache.removePod("pod-2");
  cache.putNode(aNode({ name: "late" }));
  assert.equal(requested("late"), 100);
});

test("finished and deleted pods hold nothing", () => {
  cache.putPod(aBoundPod(UID, "node-1"));
  cache.putPod(aBoundPod(UID, "node-1", "Succeeded"));
  assert.equal(requested("node-1"), 0);
  cache.putPod(aBoundPod("pod-2", "node-1"));
  cache.removePod("pod-2");
  cache.removePod("pod-2");
  assert.equal(requested("node-1"), 0);
});
