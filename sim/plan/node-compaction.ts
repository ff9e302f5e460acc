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
  // Upwards from what cannot do, in steps that double: what is needed is seldom far above it.
  let tooFew = hopelessNodes(cluster, { mesh, kept, others });
  let enough = tooFew + 1;
  for (let step = 1; enough < others.length && !holds(enough); step *= 2) {
    tooFew = enough;
    enough = Math.min(others.length, enough + step);
  }
  if (enough >= others.length && !holds(others.length)) return undefined;
  enough = Math.min(enough, others.length);
  // More nodes hold what fewer hold, but for rare anomalies of packing, which cost a node or two.
  while (enough - tooFew > 1) {
    const middle = Math.floor((enough + tooFew) / 2);
    if (holds(middle)) enough = middle;
    else tooFew = middle;
  }
  return kept.length + enough;
}

interface Order {
  readonly mesh: Pick<PlannedMeshOptions, "kind">;
  readonly kept: readonly NodeView[];
  readonly others: readonly NodeView[];
}

// The most of the others, in their order, that fall short of the plain sum of requests, whatever the packing; -1 if none do.
function hopelessNodes({ pods }: PlannedCluster, { mesh: { kind }, kept, others }: Order): number {
  const need = { cpuMilli: 0, memoryBytes: 0 };
  for (const { view, sidecar, bond } of pods) {
    if (bond === "node" || view.nodeName === undefined) continue;
    need.cpuMilli += view.request.cpuMilli + (kind === "sidecar" ? sidecar.cpuMilli : 0);
    need.memoryBytes += view.request.memoryBytes + (kind === "sidecar" ? sidecar.memoryBytes : 0);
  }
  const take = ({ allocatable }: NodeView): void => {
    need.cpuMilli -= allocatable.cpuMilli;
    need.memoryBytes -= allocatable.memoryBytes;
  };
  kept.forEach(take);
  let hopeless = -1;
  while ((need.cpuMilli > 0 || need.memoryBytes > 0) && hopeless < others.length - 1) {
    hopeless++;
    const next = others[hopeless];
    if (next !== undefined) take(next);
  }
  return hopeless;
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
