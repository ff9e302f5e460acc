// How few of a cluster's nodes would do: nodes are taken away, in a random order, until the pods fit no more, and all of
// it is done over for several orders. Borg's engineers measure packing so ("cell compaction": Verma et al., EuroSys'15,
// section 5.1), since it counts what a policy strands, which a sum of free room does not.

import type { NodeView } from "#model/cluster-view.ts";
import type { NodeName } from "#model/brand.ts";
import { requiredMatcher } from "#model/node-affinity.ts";
import type { PodWishes } from "#model/pod-wishes.ts";
import { SeededRandom, shuffled } from "../seeded-random.ts";
import { appByApp } from "./app-by-app.ts";
import type { PlannedCluster, PlannedPod } from "./planned-cluster.ts";
import { PlannedMesh, type PlannedMeshOptions } from "./planned-mesh.ts";

export interface CompactionOptions extends Omit<PlannedMeshOptions, "nodes"> {
  readonly seed: number;
  /** How many orders are tried. */
  readonly rounds: number;
  /** Called before each, with how many were tried before. */
  readonly onRound?: (done: number) => void;
}

export interface Compaction {
  /** Nodes needed in nine rounds of ten, those included that are kept; undefined if even all do not do. */
  readonly nodes: number | undefined;
  /** Kept in every round, for the sake of a pod that stays or may run nowhere else. */
  readonly nodesKept: number;
  /** Of the rounds, the fewest and the most. */
  readonly nodesMin: number | undefined;
  readonly nodesMax: number | undefined;
  /** Rounds that were made: fewer than asked for where many pods would make them long. */
  readonly rounds: number;
}

const PERCENTILE = 0.9;
/**
 * A round ends when it is known to so much of the cluster's nodes; what is given is then the number that was seen to do.
 * Up to 200 nodes that is exact.
 */
const TOLERANCE = 0.005;
/** Rounds after the first are left out beyond so many placed pods: on 5,000 nodes, rounds differ by a few nodes in a thousand. */
const PLACEMENTS_MAX = 200_000;

export function compactedNodes(cluster: PlannedCluster, options: CompactionOptions): Compaction {
  const random = new SeededRandom(options.seed);
  const nodesKept = nodesWithBondedPods(cluster).size;
  const needed: number[] = [];
  let placements = 0;
  for (let round = 0; round < options.rounds && (round === 0 || placements < PLACEMENTS_MAX); round++) {
    options.onRound?.(round);
    const fewest = new CompactionRound(cluster, { ...options, random });
    const nodes = fewest.nodes();
    placements += fewest.placements;
    if (nodes === undefined) return { ...NONE, rounds: round + 1, nodesKept };
    needed.push(nodes);
  }
  needed.sort((a, b) => a - b);
  return {
    nodes: needed[Math.ceil(PERCENTILE * needed.length) - 1],
    nodesKept,
    nodesMin: needed[0],
    nodesMax: needed.at(-1),
    rounds: needed.length,
  };
}

const NONE = { nodes: undefined, nodesMin: undefined, nodesMax: undefined };

type RoundOptions = Omit<PlannedMeshOptions, "nodes"> & { readonly random: SeededRandom };

class CompactionRound {
  readonly #cluster: PlannedCluster;
  readonly #mesh: Omit<PlannedMeshOptions, "nodes">;
  readonly #kept: readonly NodeView[];
  readonly #others: readonly NodeView[];
  readonly #staying: readonly PlannedPod[];
  readonly #moving: readonly PlannedPod[];
  placements = 0;

  constructor(cluster: PlannedCluster, { random, ...mesh }: RoundOptions) {
    const bonded = nodesWithBondedPods(cluster);
    const isKept = ({ name }: NodeView): boolean => bonded.has(name);
    this.#cluster = cluster;
    this.#mesh = mesh;
    this.#kept = cluster.nodes.filter(isKept);
    this.#others = shuffled(
      cluster.nodes.filter((node) => !isKept(node)),
      random,
    );
    this.#staying = cluster.pods.filter(({ bond }) => bond !== undefined);
    // A pod that waits already is nobody's reason to keep a node.
    const moving = cluster.pods.filter(({ bond, view }) => bond === undefined && view.nodeName !== undefined);
    this.#moving = appByApp(moving, random);
  }

  /** Nodes that do; undefined if all of them do not. */
  nodes(): number | undefined {
    const { length } = this.#others;
    let tooFew = hopelessNodes(this.#cluster, { mesh: this.#mesh, kept: this.#kept, others: this.#others });
    // To bring nodes one by one as pods fit no more takes one pass, and ends close to what would have done from the start.
    let enough = this.#nodesBrought(tooFew + 1) ?? (this.#holds(length) ? length : undefined);
    if (enough === undefined) return undefined;
    // More nodes hold what fewer hold, but for rare anomalies of packing, which cost a node or two.
    const tolerance = Math.max(1, Math.floor(TOLERANCE * this.#cluster.nodes.length));
    while (enough - tooFew > tolerance) {
      const middle = Math.floor((enough + tooFew) / 2);
      if (this.#holds(middle)) enough = middle;
      else tooFew = middle;
    }
    return this.#kept.length + enough;
  }

  #nodesBrought(count: number): number | undefined {
    const mesh = this.#meshOf(count);
    let brought = Math.min(count, this.#others.length);
    for (const pod of this.#moving) {
      while (!this.#place(mesh, pod)) {
        const next = this.#others[brought];
        if (next === undefined) return undefined;
        mesh.addNode(next);
        for (const staying of this.#stayingOn(next.name)) mesh.keep(staying);
        brought++;
      }
    }
    return isWithoutShortage(mesh, this.#mesh) ? brought : undefined;
  }

  #holds(count: number): boolean {
    const mesh = this.#meshOf(count);
    return this.#moving.every((pod) => this.#place(mesh, pod)) && isWithoutShortage(mesh, this.#mesh);
  }

  #place(mesh: PlannedMesh, pod: PlannedPod): boolean {
    this.placements++;
    return mesh.place(pod);
  }

  #meshOf(count: number): PlannedMesh {
    const nodes = [...this.#kept, ...this.#others.slice(0, count)];
    const mesh = new PlannedMesh(this.#cluster, { ...this.#mesh, nodes });
    for (const pod of this.#staying) mesh.keep(pod);
    return mesh;
  }

  #byNode: ReadonlyMap<NodeName | undefined, readonly PlannedPod[]> | undefined;

  #stayingOn(name: NodeName): readonly PlannedPod[] {
    this.#byNode ??= Map.groupBy(this.#staying, ({ view }) => view.nodeName);
    return this.#byNode.get(name) ?? [];
  }
}

// kube-scheduler by itself binds pods whose node's proxy cannot grow for them: nodes on which that happens do not do.
function isWithoutShortage(mesh: PlannedMesh, { kind }: Pick<PlannedMeshOptions, "kind">): boolean {
  return kind !== "nodeProxyByDefault" || mesh.state().nodesShort === 0;
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

// Of pods that stay, and of those that may run nowhere else.
function nodesWithBondedPods({ nodes, pods }: PlannedCluster): ReadonlySet<NodeName> {
  const only = new Map<string, NodeName | undefined>();
  const kept = new Set<NodeName>();
  for (const { view, bond, wishes } of pods) {
    if (view.nodeName === undefined || bond === "node") continue;
    if (bond !== undefined) kept.add(view.nodeName);
    const { nodeSelector, requiredTerms } = wishes;
    if (nodeSelector === undefined && requiredTerms === undefined) continue;
    // Pods of one template wish the same.
    const key = JSON.stringify([nodeSelector, requiredTerms]);
    if (!only.has(key)) only.set(key, onlyNode(nodes, wishes));
    const node = only.get(key);
    if (node !== undefined) kept.add(node);
  }
  return kept;
}

function onlyNode(nodes: readonly NodeView[], wishes: PodWishes): NodeName | undefined {
  const matches = requiredMatcher(wishes) ?? (() => true);
  const matching = nodes.filter(
    ({ name, traits }) => traits !== undefined && matches({ name, labels: traits.labels }),
  );
  return matching.length === 1 ? matching[0]?.name : undefined;
}
