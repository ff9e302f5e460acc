// fits(n, p) = Σ A(S ∪ R ∪ {p}) + other requests + max(counted(n), required(n, S ∪ R ∪ {p})) ≤ allocatable(n),
// for each resource. Headroom is no part of it. Plain numbers and no allocation: this runs for every node of every
// decision.

import type { NodeAccount, NodeLedger } from "./node-ledger.ts";
import type { LedgerView, PodDemand } from "./ledger.ts";
import type { UnitCost } from "./mesh-cost.ts";
import { noResources, type Resources } from "./resources.ts";
import type { Rejection } from "./verdict.ts";

/** A pod together with what its app costs a node and how many of its pods one node may have. */
export interface CostedDemand extends PodDemand {
  readonly cost: UnitCost;
  readonly maxPodsPerNode: number;
}

const NO_COST: UnitCost = { base: noResources, perPod: noResources };

/** Looks the app's costs and limits up once, for a decision over many nodes. */
export function costedDemand(pod: PodDemand, ledger: LedgerView): CostedDemand {
  const { uid, app, request, ownerUid } = pod;
  if (app === undefined) return { uid, app, request, ownerUid, cost: NO_COST, maxPodsPerNode: Infinity };
  const maxPodsPerNode = ledger.profile(app).placement.maxPodsPerNode ?? Infinity;
  return { uid, app, request, ownerUid, cost: ledger.unitCost(app), maxPodsPerNode };
}

/** Why the node does not take the pod, or undefined if it does. */
export function rejectionOf(node: NodeAccount | undefined, pod: CostedDemand): Rejection | undefined {
  if (node === undefined) return "nodeUnknown";
  if (pod.app !== undefined) {
    if (node.counted === undefined) return "proxyAbsent";
    if (!node.isProxyReady) return "proxyNotReady";
    if (podsOf(node, pod) >= pod.maxPodsPerNode) return "appLimitReached";
  }
  if (cpuMilliFreeAfter(node, pod, 1) >= 0 && memoryBytesFreeAfter(node, pod, 1) >= 0) return undefined;
  return fitsWithoutMesh(node, pod) ? "meshShareDoesNotFit" : "appDoesNotFit";
}

/** CPU left on the node with `pods` more pods like this one and the proxy grown for them; negative if they do not fit. */
export function cpuMilliFreeAfter(node: NodeAccount, pod: CostedDemand, pods: number): number {
  const added = addedBase(node, pod, pods) * pod.cost.base.cpuMilli + pods * pod.cost.perPod.cpuMilli;
  const required =
    node.proxyBase.cpuMilli + Math.ceil(node.correction.cpu * (node.modelCost.cpuMilli + added));
  const proxy = Math.max(node.counted?.cpuMilli ?? 0, required);
  return node.allocatable.cpuMilli - node.requested.cpuMilli - pods * pod.request.cpuMilli - proxy;
}

/** Memory left likewise, in bytes. */
export function memoryBytesFreeAfter(node: NodeAccount, pod: CostedDemand, pods: number): number {
  const added = addedBase(node, pod, pods) * pod.cost.base.memoryBytes + pods * pod.cost.perPod.memoryBytes;
  const required =
    node.proxyBase.memoryBytes + Math.ceil(node.correction.memory * (node.modelCost.memoryBytes + added));
  const proxy = Math.max(node.counted?.memoryBytes ?? 0, required);
  return node.allocatable.memoryBytes - node.requested.memoryBytes - pods * pod.request.memoryBytes - proxy;
}

/** B: what the node's proxy must grow by if this pod comes. */
export function meshCost(node: NodeAccount, pod: CostedDemand): Resources {
  const base = addedBase(node, pod, 1);
  const grown = (model: number, base: number, perPod: number, factor: number): number =>
    Math.ceil(factor * (model + base + perPod)) - Math.ceil(factor * model);
  const { cost } = pod;
  return {
    cpuMilli: grown(
      node.modelCost.cpuMilli,
      base * cost.base.cpuMilli,
      cost.perPod.cpuMilli,
      node.correction.cpu,
    ),
    memoryBytes: grown(
      node.modelCost.memoryBytes,
      base * cost.base.memoryBytes,
      cost.perPod.memoryBytes,
      node.correction.memory,
    ),
  };
}

/** The app's pods on the node, bound and promised. */
function podsOf(node: NodeAccount, pod: PodDemand): number {
  return pod.app === undefined ? 0 : (node.appPods.get(pod.app) ?? 0);
}

function addedBase(node: NodeAccount, pod: PodDemand, pods: number): 0 | 1 {
  return pods === 0 || pod.app === undefined || node.appPods.has(pod.app) ? 0 : 1;
}

// Would kube-scheduler's own view, with the promises added, take the pod?
function fitsWithoutMesh(node: NodeAccount, pod: CostedDemand): boolean {
  const free = (resource: keyof Resources): number =>
    node.allocatable[resource] -
    node.requested[resource] -
    pod.request[resource] -
    (node.counted?.[resource] ?? 0);
  return free("cpuMilli") >= 0 && free("memoryBytes") >= 0;
}

/** Room that no pod, promise or required proxy size claims; negative when the node is short. */
export function freeRoom(node: NodeLedger): Resources {
  const required = node.required();
  return {
    cpuMilli: node.allocatable.cpuMilli - node.requested.cpuMilli - required.cpuMilli,
    memoryBytes: node.allocatable.memoryBytes - node.requested.memoryBytes - required.memoryBytes,
  };
}
