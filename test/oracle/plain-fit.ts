// Whether a pod fits, by putting it on a copy of the node's lists and adding everything up again.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodDemand } from "#model/ledger.ts";
import type { Resources } from "#model/resources.ts";
import type { Rejection } from "#model/verdict.ts";
import { type PlainAccount, PlainCluster } from "./plain-cluster.ts";

/** What is left on a known node with `copies` more pods like this one; negative if they do not fit. */
export function plainFreeAfter(cluster: PlainCluster, name: NodeName, pods: readonly PodDemand[]): Resources {
  const after = accountWith(cluster, name, pods);
  return { cpuMilli: left(after, "cpuMilli"), memoryBytes: left(after, "memoryBytes") };
}

/** B: required with the pods, less required without them. */
export function plainMeshCost(cluster: PlainCluster, name: NodeName, pods: readonly PodDemand[]): Resources {
  const before = accountWith(cluster, name, []).required;
  const after = accountWith(cluster, name, pods).required;
  return {
    cpuMilli: after.cpuMilli - before.cpuMilli,
    memoryBytes: after.memoryBytes - before.memoryBytes,
  };
}

export function plainRejection(cluster: PlainCluster, name: NodeName, pod: PodDemand): Rejection | undefined {
  const before = cluster.account(name);
  if (before === undefined) return "nodeUnknown";
  if (pod.app !== undefined) {
    const appPodsMax = cluster.profile(pod.app).placement.maxPodsPerNode ?? Infinity;
    if (before.counted === undefined) return "proxyAbsent";
    if (!before.isProxyReady) return "proxyNotReady";
    if ((accountWith(cluster, name, [pod]).appPods.get(pod.app) ?? 0) > appPodsMax) return "appLimitReached";
    if (plainZoneExcess(cluster, name, [pod]) > 0) return "zoneLimitReached";
  }
  const free = plainFreeAfter(cluster, name, [pod]);
  if (free.cpuMilli >= 0 && free.memoryBytes >= 0) return undefined;
  const isOwnRequestTooLarge = (["cpuMilli", "memoryBytes"] as const).some((resource) => {
    const taken = before.requested[resource] + pod.request[resource] + (before.counted?.[resource] ?? 0);
    return taken > before.allocatable[resource];
  });
  return isOwnRequestTooLarge ? "appDoesNotFit" : "meshShareDoesNotFit";
}

/** How many pods above the limit the node's zone would have with the pods on the node; 0 or less if it allows them. */
export function plainZoneExcess(cluster: PlainCluster, name: NodeName, pods: readonly PodDemand[]): number {
  const app = pods[0]?.app;
  const zone = cluster.account(name)?.zone ?? "";
  if (app === undefined || zone === "") return -Infinity;
  const podsMax = cluster.profile(app).placement.maxPodsPerZone ?? Infinity;
  return (copyWith(cluster, name, pods).podsByZone(app).get(zone) ?? 0) - podsMax;
}

/** Copies of a pod that differ in their uid. */
export function copiesOf(pod: PodDemand, copies: number): readonly PodDemand[] {
  return Array.from({ length: copies }, (_, copy) => ({
    ...pod,
    uid: `copy-${copy}-of-${pod.uid}` as PodUid,
  }));
}

function accountWith(cluster: PlainCluster, name: NodeName, pods: readonly PodDemand[]): PlainAccount {
  const account = copyWith(cluster, name, pods).account(name);
  if (account === undefined) throw new Error(`no node ${name}`);
  return account;
}

function copyWith(cluster: PlainCluster, name: NodeName, pods: readonly PodDemand[]): PlainCluster {
  const copy = Object.assign(new PlainCluster(), cluster);
  for (const pod of pods) copy.reserve({ pod, node: name, expiresAtMs: Infinity });
  return copy;
}

function left(account: PlainAccount, resource: keyof Resources): number {
  const proxy = Math.max(account.counted?.[resource] ?? 0, account.required[resource]);
  return account.allocatable[resource] - account.requested[resource] - proxy;
}
