// The cluster that races run on: three nodes that are soon full, their proxies, two apps, and all of it added up anew from
// the API's truth.

import assert from "node:assert/strict";
import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { MIB } from "#test/builders/sizes.ts";
import { PlainCluster } from "#test/oracle/plain-cluster.ts";
import { RacedApi } from "./raced-api.ts";

export const NODES = ["node-1", "node-2", "node-3"] as readonly string[] as readonly NodeName[];
export const APPS = ["cart", "pay"];
const PODS_PER_NODE_MAX = 3;

export class RacedCluster {
  readonly api = new RacedApi();
  readonly proxies = new Map<NodeName, PodView>();
  /** Pods that kube-scheduler has chosen a node for and that are not bound yet. */
  readonly assumed = new Map<PodUid, NodeName>();

  constructor() {
    for (const node of NODES) this.proxies.set(node, aProxy({ node, cpuMilli: 110, memoryBytes: 136 * MIB }));
  }

  isSchedulable({ uid, nodeName, placing }: PodView): boolean {
    return nodeName === undefined && placing?.gateIndex === undefined && !this.assumed.has(uid);
  }

  /** kube-scheduler's own filter: A, with assumed pods and with those nominated to the node. */
  fitsForScheduler(name: NodeName, pod: PodView): boolean {
    const plain = this.truth();
    for (const other of this.api.pods.values()) {
      if (other.uid === pod.uid || other.nodeName !== undefined) continue;
      const node = this.assumed.get(other.uid) ?? other.nominatedNode;
      if (node === name) plain.upsertPod({ ...other, nodeName: node });
    }
    const account = plain.account(name);
    assert.ok(account);
    const { requested, counted, allocatable } = account;
    return (["cpuMilli", "memoryBytes"] as const).every(
      (resource) =>
        requested[resource] + pod.request[resource] + (counted?.[resource] ?? 0) <= allocatable[resource],
    );
  }

  /** Some pod waits at its gate, or for the node it is nominated to. */
  isRoomHeld(): boolean {
    return [...this.api.pods.values()].some(
      ({ nodeName, placing, nominatedNode }) =>
        nodeName === undefined && (placing?.gateIndex !== undefined || nominatedNode !== undefined),
    );
  }

  /** What is wrong with a node, if anything is. */
  faultOn(name: NodeName): string | undefined {
    const account = this.truth().account(name);
    assert.ok(account);
    const { requested, required, allocatable, appPods } = account;
    for (const resource of ["cpuMilli", "memoryBytes"] as const) {
      if (requested[resource] + required[resource] > allocatable[resource])
        return `${resource} of ${name} is overcommitted`;
    }
    const crowd = [...appPods].find(([, pods]) => pods > PODS_PER_NODE_MAX);
    return crowd && `${crowd[1]} pods of ${crowd[0]} on ${name}`;
  }

  /** Adds everything up anew. */
  truth(): PlainCluster {
    const plain = new PlainCluster();
    this.#fill(plain);
    return plain;
  }

  /** A ledger as of a list of the present. */
  freshLedger(): ClusterLedger {
    const ledger = new ClusterLedger();
    this.#fill(ledger);
    return ledger;
  }

  #fill(ledger: Pick<ClusterLedger, "upsertNode" | "upsertPod" | "setProfile">): void {
    for (const name of NODES) ledger.upsertNode(aNode({ name, cpuMilli: 1_200, memoryBytes: 2_400 * MIB }));
    for (const proxy of this.proxies.values()) ledger.upsertPod(proxy);
    for (const app of APPS)
      ledger.setProfile(aProfile({ app, placement: { maxPodsPerNode: PODS_PER_NODE_MAX } }));
    for (const pod of this.api.pods.values()) ledger.upsertPod(pod);
  }
}
