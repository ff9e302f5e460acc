// fits(n, p) = Σ A(S ∪ R ∪ {p}) + other requests + max(counted(n), required(n, S ∪ R ∪ {p})) ≤ allocatable(n),
// for each resource. Headroom is no part of it. Plain numbers and no allocation: this runs for every node of every
// decision.

import type { AppName, NodeName } from "./brand.ts";
import type { NodeAccount, NodeLedger } from "./node-ledger.ts";
import type { LedgerView, PodDemand } from "./ledger.ts";
import type { UnitCost } from "./mesh-cost.ts";
import { noResources, type Resources } from "./resources.ts";
import type { Rejection } from "./verdict.ts";

/** A pod together with what its app costs a node and how many of its pods one node, and one zone, may have. */
export interface CostedDemand extends PodDemand {
  readonly cost: UnitCost;
  readonly maxPodsPerNode: number;
  /** Undefined without a limit per zone. */
  readonly zones: ZoneLimit | undefined;
}

interface ZoneLimit {
  readonly podsMax: number;
  readonly pods: ReadonlyMap<string, number>;
  /** The pod's own promise, if it counts as gone: on the other nodes of its zone it is in the counts. */
  readonly own: { readonly node: NodeName; readonly zone: string } | undefined;
}

const NO_COST: UnitCost = { base: noResources, perPod: noResources };

/** Looks the app's costs and limits up once, for a decision over many nodes. */
export function costedDemand(pod: PodDemand, ledger: LedgerView): CostedDemand {
  const { uid, app, request, ownerUid } = pod;
  if (app === undefined)
    return { uid, app, request, ownerUid, cost: NO_COST, maxPodsPerNode: Infinity, zones: undefined };
  const { maxPodsPerNode = Infinity, maxPodsPerZone } = ledger.profile(app).placement;
  const cost = ledger.unitCost(app);
  return { uid, app, request, ownerUid, cost, maxPodsPerNode, zones: zoneLimit(app, maxPodsPerZone, ledger) };
}

/** The same for a question in which the pod's own promise counts as gone. */
export function costedDemandAnew(pod: PodDemand, ledger: LedgerView): CostedDemand {
  const demand = costedDemand(pod, ledger);
  const promise = ledger.reservationOf(pod.uid);
  if (demand.zones === undefined || promise === undefined || promise.pod.app !== pod.app) return demand;
  const zone = ledger.node(promise.node)?.zone ?? "";
  return { ...demand, zones: { ...demand.zones, own: { node: promise.node, zone } } };
}

function zoneLimit(app: AppName, podsMax: number | undefined, ledger: LedgerView): ZoneLimit | undefined {
  return podsMax === undefined ? undefined : { podsMax, pods: ledger.podsByZone(app), own: undefined };
}

/** Why the node does not take the pod, or undefined if it does. */
export function rejectionOf(node: NodeAccount | undefined, pod: CostedDemand): Rejection | undefined {
  if (node === undefined) return "nodeUnknown";
  if (pod.app !== undefined) {
    if (node.counted === undefined) return "proxyAbsent";
    if (!node.isProxyReady) return "proxyNotReady";
    if (podsOf(node, pod) >= pod.maxPodsPerNode) return "appLimitReached";
    if (podsLeftInZone(node, pod) <= 0) return "zoneLimitReached";
  }
  if (cpuMilliFreeAfter(node, pod, 1) >= 0 && memoryBytesFreeAfter(node, pod, 1) >= 0) return undefined;
  return fitsWithoutMesh(node, pod) ? "meshShareDoesNotFit" : "appDoesNotFit";
}

/** How many more of the app's pods the node's zone may have; no limit holds on nodes without a zone. */
export function podsLeftInZone(node: NodeAccount, { app, zones }: CostedDemand): number {
  if (zones === undefined || app === undefined || node.zone === "") return Infinity;
  const { podsMax, pods, own } = zones;
  // What a copy of the node supposes is not in the counts; where the pod's own promise is, that has taken it out.
  const ownElsewhere = own !== undefined && own.zone === node.zone && own.node !== node.name ? 1 : 0;
  return podsMax - (pods.get(node.zone) ?? 0) - node.supposedPods(app) + ownElsewhere;
}

/** CPU left on the node with `pods` more pods like this one and the proxy grown for them; negative if they do not fit. */
export function cpuMilliFreeAfter(node: NodeAccount, pod: CostedDemand, pods: number): number {
  const proxy = Math.max(node.counted?.cpuMilli ?? 0, cpuMilliRequiredAfter(node, pod, pods));
  return node.allocatable.cpuMilli - node.requested.cpuMilli - pods * pod.request.cpuMilli - proxy;
}

/** Memory left likewise, in bytes. */
export function memoryBytesFreeAfter(node: NodeAccount, pod: CostedDemand, pods: number): number {
  const proxy = Math.max(node.counted?.memoryBytes ?? 0, memoryBytesRequiredAfter(node, pod, pods));
  return node.allocatable.memoryBytes - node.requested.memoryBytes - pods * pod.request.memoryBytes - proxy;
}

/** CPU that the node's proxy requires with `pods` more pods like this one. */
export function cpuMilliRequiredAfter(node: NodeAccount, pod: CostedDemand, pods: number): number {
  const added = addedBase(node, pod, pods) * pod.cost.base.cpuMilli + pods * pod.cost.perPod.cpuMilli;
  return node.proxyBase.cpuMilli + Math.ceil(node.correction.cpu * (node.modelCost.cpuMilli + added));
}

/** Memory likewise, in bytes. */
export function memoryBytesRequiredAfter(node: NodeAccount, pod: CostedDemand, pods: number): number {
  const added = addedBase(node, pod, pods) * pod.cost.base.memoryBytes + pods * pod.cost.perPod.memoryBytes;
  return (
    node.proxyBase.memoryBytes + Math.ceil(node.correction.memory * (node.modelCost.memoryBytes + added))
  );
}

/** B: what the node's proxy must grow by if this pod comes. */
export function meshCost(node: NodeAccount, pod: CostedDemand): Resources {
  return {
    cpuMilli: cpuMilliRequiredAfter(node, pod, 1) - cpuMilliRequiredAfter(node, pod, 0),
    memoryBytes: memoryBytesRequiredAfter(node, pod, 1) - memoryBytesRequiredAfter(node, pod, 0),
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
  const { allocatable, requested, counted = noResources } = node;
  const { cpuMilli, memoryBytes } = pod.request;
  return (
    allocatable.cpuMilli - requested.cpuMilli - cpuMilli - counted.cpuMilli >= 0 &&
    allocatable.memoryBytes - requested.memoryBytes - memoryBytes - counted.memoryBytes >= 0
  );
}

/** Room that no pod, promise or required proxy size claims; negative when the node is short. */
export function freeRoom(node: NodeLedger): Resources {
  const required = node.required();
  return {
    cpuMilli: node.allocatable.cpuMilli - node.requested.cpuMilli - required.cpuMilli,
    memoryBytes: node.allocatable.memoryBytes - node.requested.memoryBytes - required.memoryBytes,
  };
}
