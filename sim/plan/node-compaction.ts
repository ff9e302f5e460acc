// How few of a cluster's nodes would do: nodes are taken away, in a random order, until the pods fit no more, and all of
// it is done over for several orders. Borg's engineers measure packing so ("cell compaction": Verma et al., EuroSys'15,
// section 5.1), since it counts what a policy strands, which a sum of free room does not.

import type { NodeView } from "#model/cluster-view.ts";
import type { NodeName } from "#model/brand.ts";
import { SeededRandom, shuffled } from "../seeded-random.ts";
import type { PlannedCluster, PlannedPod } from "./planned-cluster.ts";
import { PlannedMesh, type PlannedMeshOptions } from "./planned-mesh.ts";

export interface CompactionOptions extends Omit<PlannedMeshOptions, "nodes"> {
  readonly seed: number;
  /** How many orders are tried. */
  readonly rounds: number;
}

export interface Compaction {
  /** Nodes needed in nine rounds of ten, those included that are kept; undefined if even all do not do. */
  readonly nodes: number | undefined;
  /** Kept in every round, for the sake of a pod that stays. */
  readonly nodesKept: number;
  /** Of the rounds, the fewest and the most. */
  readonly nodesMin: number | undefined;
  readonly nodesMax: number | undefined;
}

const PERCENTILE = 0.9;

export function compactedNodes(cluster: PlannedCluster, options: CompactionOptions): Compaction {
  const random = new SeededRandom(options.seed);
  const nodesKept = nodesWithBondedPods(cluster).size;
  const needed: number[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const nodes = fewestNodes(cluster, { ...options, random });
    if (nodes === undefined) return { nodes: undefined, nodesKept, nodesMin: undefined, nodesMax: undefined };
    needed.push(nodes);
  }
  needed.sort((a, b) => a - b);
  return {
    nodes: needed[Math.ceil(PERCENTILE * needed.length) - 1],
    nodesKept,
    nodesMin: needed[0],
    nodesMax: needed.at(-1),
  };
}

type Round = Omit<PlannedMeshOptions, "nodes"> & { readonly random: SeededRandom };

function fewestNodes(cluster: PlannedCluster, { random, ...mesh }: Round): number | undefined {
  const bonded = nodesWithBondedPods(cluster);
  const kept = cluster.nodes.filter(({ name }) => bonded.has(name));
  const others = shuffled(
    cluster.nodes.filter(({ name }) => !bonded.has(name)),
    random,
  );
  const pods = shuffled(cluster.pods, random);
  const holds = (count: number): boolean =>
    holdAll(cluster, pods, { ...mesh, nodes: [...kept, ...others.slice(0, count)] });
  if (!holds(others.length)) return undefined;
  // More nodes hold what fewer hold, but for rare anomalies of packing, which cost a node or two.
  let [tooFew, enough] = [-1, others.length];
  while (enough - tooFew > 1) {
    const middle = Math.floor((enough + tooFew) / 2);
    if (holds(middle)) enough = middle;
    else tooFew = middle;
  }
  return kept.length + enough;
}

function nodesWithBondedPods({ pods }: PlannedCluster): ReadonlySet<NodeName> {
  const stays = ({ bond }: PlannedPod): boolean => bond !== undefined && bond !== "node";
  return new Set(pods.filter(stays).flatMap(({ view }) => view.nodeName ?? []));
}

function holdAll(
  cluster: PlannedCluster,
  pods: readonly PlannedPod[],
  options: PlannedMeshOptions & { readonly nodes: readonly NodeView[] },
): boolean {
  const mesh = new PlannedMesh(cluster, options);
  for (const pod of pods) if (pod.bond !== undefined) mesh.keep(pod);
  // A pod that waits already is nobody's reason to keep a node.
  return pods.every((pod) => pod.bond !== undefined || pod.view.nodeName === undefined || mesh.place(pod));
}
