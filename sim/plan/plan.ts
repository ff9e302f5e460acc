// What a cluster would save: as it stands with sidecars, with node proxies and no pod moved, and with node proxies and
// every movable mesh pod placed anew by Berth.

import type { AppName } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import type { Explanation } from "#scheduler-extender/policy/explanation.ts";
import { SeededRandom } from "../seeded-random.ts";
import { type Survey, surveyOf } from "../survey/survey.ts";
import { appByApp } from "./app-by-app.ts";
import { type Compaction, compactedNodes } from "./node-compaction.ts";
import { type PlanBounds, planBounds } from "./plan-bounds.ts";
import type { PlannedCluster, PodBond } from "./planned-cluster.ts";
import { type MeshState, PlannedMesh, type PlannedMeshKind } from "./planned-mesh.ts";

export interface PlanOptions {
  readonly proxyBase: Resources;
  /** Of the order in which pods are placed anew, and of the compaction. */
  readonly seed: number;
  /** Rounds of compaction; 0 leaves it out. */
  readonly rounds: number;
  /** The pod whose placement is explained, and who is told. */
  readonly explained?: ExplainedPod;
  /** Called before each part of the work. */
  readonly onPart?: (what: string, progress: PlanProgress) => void;
}

/** Parts of the work, of which some take longer than others. */
export interface PlanProgress {
  readonly done: number;
  readonly of: number;
}

export interface ExplainedPod {
  /** `namespace/name`. */
  readonly pod: string;
  readonly onExplained: (explanation: Explanation) => void;
}

export interface Plan {
  readonly nodes: number;
  readonly pods: PlanPods;
  readonly apps: number;
  readonly sidecars: PlanState;
  readonly shared: PlanState;
  readonly placed: PlanState;
  readonly bounds: PlanBounds;
}

export interface PlanPods {
  readonly all: number;
  readonly mesh: number;
  /** Without a node now. */
  readonly waiting: number;
  /** Of a DaemonSet, or static. */
  readonly ofNodes: number;
  /** By what keeps them: they stay where they are, and their nodes are kept. */
  readonly bonded: Readonly<Partial<Record<Exclude<PodBond, "node">, number>>>;
}

export interface PlanState extends MeshState {
  /** Mesh pods that have a node now and found none. */
  readonly unplaced: number;
  /** Mesh pods that are on another node than now. */
  readonly moved: number;
  /** Undefined where it was not asked for, or is that of another state. */
  readonly compaction: Compaction | undefined;
  readonly survey: Survey;
}

export function planFor(cluster: PlannedCluster, options: PlanOptions): Plan {
  const apps = new Set<AppName | undefined>(cluster.pods.map(({ view }) => view.app));
  apps.delete(undefined);
  const of = PARTS_BESIDE_ROUNDS + 2 * options.rounds;
  options.onPart?.("the cluster as it stands", { done: 0, of });
  const sidecars = inPlace(cluster, "sidecar", options);
  const shared = inPlace(cluster, "nodeProxy", options);
  options.onPart?.("mesh pods placed anew", { done: 1, of });
  const placed = placedAnew(cluster, options);
  return {
    nodes: cluster.nodes.length,
    pods: podCounts(cluster),
    apps: apps.size,
    sidecars: {
      ...sidecars,
      compaction: compaction(cluster, { kind: "sidecar", progress: { done: 2, of } }, options),
    },
    shared,
    placed: {
      ...placed,
      compaction: compaction(
        cluster,
        { kind: "nodeProxy", progress: { done: 2 + options.rounds, of } },
        options,
      ),
    },
    bounds: planBounds(cluster, options),
  };
}

/** The cluster as it stands, and mesh pods placed anew; then so many rounds with sidecars and as many with node proxies. */
const PARTS_BESIDE_ROUNDS = 2;

function inPlace(
  cluster: PlannedCluster,
  kind: PlannedMeshKind,
  { proxyBase, seed }: PlanOptions,
): PlanState {
  const mesh = new PlannedMesh(cluster, { kind, proxyBase });
  for (const pod of cluster.pods) mesh.keep(pod);
  return { ...mesh.state(), unplaced: 0, moved: 0, compaction: undefined, survey: surveyed(mesh, seed) };
}

function placedAnew(cluster: PlannedCluster, { proxyBase, seed, explained }: PlanOptions): PlanState {
  const mesh = new PlannedMesh(cluster, { kind: "nodeProxy", proxyBase });
  const isMovable = ({ view, bond }: PlannedCluster["pods"][number]): boolean =>
    bond === undefined && view.app !== undefined && view.nodeName !== undefined;
  for (const pod of cluster.pods) if (!isMovable(pod)) mesh.keep(pod);
  let unplaced = 0;
  let moved = 0;
  for (const pod of appByApp(cluster.pods.filter(isMovable), new SeededRandom(seed))) {
    if (`${pod.view.namespace}/${pod.view.name}` === explained?.pod) explained.onExplained(mesh.explain(pod));
    if (!mesh.place(pod)) unplaced++;
    else if (mesh.nodeOf(pod) !== pod.view.nodeName) moved++;
  }
  return { ...mesh.state(), unplaced, moved, compaction: undefined, survey: surveyed(mesh, seed) };
}

// The last thing that is asked of a mesh: pods that are tried stay.
function surveyed(mesh: PlannedMesh, seed: number): Survey {
  return surveyOf(mesh.surveyed(), { seed, more: () => mesh.more() });
}

interface CompactionPart {
  readonly kind: PlannedMeshKind;
  readonly progress: PlanProgress;
}

function compaction(
  cluster: PlannedCluster,
  { kind, progress: { done, of } }: CompactionPart,
  { proxyBase, seed, rounds, onPart }: PlanOptions,
): Compaction | undefined {
  if (rounds === 0) return undefined;
  const what = kind === "sidecar" ? "fewest nodes with sidecars" : "fewest nodes with node proxies";
  const onRound = (round: number): void => onPart?.(what, { done: done + round, of });
  return compactedNodes(cluster, { kind, proxyBase, seed, rounds, onRound });
}

function podCounts({ pods }: PlannedCluster): PlanPods {
  const bonded: Partial<Record<Exclude<PodBond, "node">, number>> = {};
  for (const { bond } of pods)
    if (bond !== undefined && bond !== "node") bonded[bond] = (bonded[bond] ?? 0) + 1;
  return {
    all: pods.length,
    mesh: pods.filter(({ view }) => view.app !== undefined).length,
    waiting: pods.filter(({ view }) => view.nodeName === undefined).length,
    ofNodes: pods.filter(({ bond }) => bond === "node").length,
    bonded,
  };
}
