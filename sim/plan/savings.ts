// What a cluster's mesh costs, and what it would cost otherwise: with sidecars of two kinds, with node proxies that
// kube-scheduler's pods happen to meet, as it stands, and with every movable mesh pod placed anew by Berth. Told part by
// part, since the fewest nodes of a large cluster take minutes to find.

import type { Resources } from "#model/resources.ts";
import { ISTIO_SIDECAR } from "../engine/policies.ts";
import { quarterSidecar } from "../policies/sidecar.ts";
import { SeededRandom } from "../seeded-random.ts";
import { appByApp } from "./app-by-app.ts";
import { compactedNodes } from "./node-compaction.ts";
import type { PlannedCluster, PlannedPod } from "./planned-cluster.ts";
import { type MeshState, PlannedMesh, type PlannedMeshKind } from "./planned-mesh.ts";

export interface SavingsOptions {
  readonly proxyBase: Resources;
  readonly seed: number;
  readonly onProgress?: (done: number, of: number) => void;
}

/** Ways to carry the same mesh, in the order in which they are shown. */
export const CARRIERS = [
  "sidecarQuarter",
  "sidecarFixed",
  "proxyByDefault",
  "proxyAsItStands",
  "proxyPlacedAnew",
] as const;
export type Carrier = (typeof CARRIERS)[number];

export interface CarrierCost extends MeshState {
  /** Mesh pods that have a node now and would have none. */
  readonly unplaced: number;
  /** Mesh pods that would be on another node. */
  readonly moved: number;
}

/** What is found out, one after the other. */
export type SavingsPart =
  /** About to be worked on. */
  | { readonly kind: "begins"; readonly what: "placing" | "fewestNodes"; readonly carrier: Carrier }
  | { readonly kind: "cost"; readonly carrier: Carrier; readonly cost: CarrierCost }
  /** With the present placement as good as any: how few of the nodes would do; null if all of them do not. */
  | { readonly kind: "fewestNodes"; readonly carrier: Carrier; readonly nodes: number | null };

/** Of which rounds the fewest nodes are taken: three orders up to some thousand pods, then one. */
const ROUNDS = 3;
const ROUNDS_PODS_MAX = 5_000;
const PROGRESS_PODS = 200;
/** kube-scheduler weighs a sample of the nodes for every pod: beyond this many pods, a dozen passes take minutes. */
const DEFAULT_COMPACTION_PODS_MAX = 50_000;

/** Equal clusters and options yield equal parts. */
export function* savingsOf(
  cluster: PlannedCluster,
  options: SavingsOptions,
): Generator<SavingsPart, void, void> {
  const clusters: Readonly<Record<Carrier, PlannedCluster>> = {
    sidecarQuarter: withSidecars(cluster, (request) => quarterSidecar(request)),
    sidecarFixed: withSidecars(cluster, () => ISTIO_SIDECAR),
    proxyByDefault: cluster,
    proxyAsItStands: cluster,
    proxyPlacedAnew: cluster,
  };
  for (const carrier of ["proxyAsItStands", "sidecarQuarter", "sidecarFixed"] as const) {
    const kind = KINDS[carrier];
    yield { kind: "cost", carrier, cost: inPlace(clusters[carrier], kind, options) };
  }
  for (const carrier of ["proxyPlacedAnew", "proxyByDefault"] as const) {
    yield { kind: "begins", what: "placing", carrier };
    yield { kind: "cost", carrier, cost: placedAnew(cluster, KINDS[carrier], options) };
  }
  const pods = cluster.pods.length;
  const rounds = pods > ROUNDS_PODS_MAX ? 1 : ROUNDS;
  for (const carrier of ["proxyPlacedAnew", "sidecarFixed", "sidecarQuarter", "proxyByDefault"] as const) {
    if (carrier === "proxyByDefault" && pods > DEFAULT_COMPACTION_PODS_MAX) continue;
    yield { kind: "begins", what: "fewestNodes", carrier };
    const { proxyBase, seed } = options;
    const found = compactedNodes(clusters[carrier], { kind: KINDS[carrier], proxyBase, seed, rounds });
    yield { kind: "fewestNodes", carrier, nodes: found.nodes ?? null };
  }
}

const KINDS: Readonly<Record<Carrier, PlannedMeshKind>> = {
  sidecarQuarter: "sidecar",
  sidecarFixed: "sidecar",
  proxyByDefault: "nodeProxyByDefault",
  proxyAsItStands: "nodeProxy",
  proxyPlacedAnew: "nodeProxy",
};

function withSidecars(cluster: PlannedCluster, sizeOf: (request: Resources) => Resources): PlannedCluster {
  const pods = cluster.pods.map((pod) =>
    pod.view.app === undefined ? pod : { ...pod, sidecar: sizeOf(pod.view.request) },
  );
  return { ...cluster, pods };
}

function inPlace(cluster: PlannedCluster, kind: PlannedMeshKind, { proxyBase }: SavingsOptions): CarrierCost {
  const mesh = new PlannedMesh(cluster, { kind, proxyBase });
  for (const pod of cluster.pods) mesh.keep(pod);
  return { ...mesh.state(), unplaced: 0, moved: 0 };
}

function placedAnew(
  cluster: PlannedCluster,
  kind: PlannedMeshKind,
  { proxyBase, seed, onProgress }: SavingsOptions,
): CarrierCost {
  const mesh = new PlannedMesh(cluster, { kind, proxyBase });
  const isMovable = ({ view, bond }: PlannedPod): boolean =>
    bond === undefined && view.app !== undefined && view.nodeName !== undefined;
  for (const pod of cluster.pods) if (!isMovable(pod)) mesh.keep(pod);
  const moving = appByApp(cluster.pods.filter(isMovable), new SeededRandom(seed));
  let unplaced = 0;
  let moved = 0;
  for (const [index, pod] of moving.entries()) {
    if (index % PROGRESS_PODS === 0) onProgress?.(index, moving.length);
    if (!mesh.place(pod)) unplaced++;
    else if (mesh.nodeOf(pod) !== pod.view.nodeName) moved++;
  }
  return { ...mesh.state(), unplaced, moved };
}
