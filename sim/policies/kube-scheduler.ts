// kube-scheduler 1.37 with its default profile, as a pure model: which nodes it would find feasible, how it would score
// them, which it would take. Upstream: pkg/scheduler/schedule_one.go (findNodesThatPassFilters, prioritizeNodes) and the
// plugins named in the files beside this one.
//
// In it: NodeUnschedulable, TaintToleration, NodeAffinity, NodePorts, NodeResourcesFit (its scores by CPU and memory),
// NodeResourcesBalancedAllocation, PodTopologySpread with constraints of the pod's own and with the system's defaults,
// InterPodAffinity, ImageLocality, node sampling. Not in it: volumes, claims of devices, gangs, preemption. For pods that use none of those, the missing plugins are skipped upstream or give all nodes the
// same, so that the choice is the same; `npm run bench -- fidelity` holds it to the real one.

import { assert } from "#model/assert.ts";
import type { Random } from "../seeded-random.ts";
import { namedNodes, preferenceScorer, requiredMatcher } from "#model/node-affinity.ts";
import type { NodeMatcher } from "#model/node-affinity.ts";
import { portsAreFree } from "./host-ports.ts";
import { imageScore } from "./image-locality.ts";
import { affinityFilter, type AffinityRejection, scoreAffinity } from "./inter-pod-affinity.ts";
import { feasibleNodesToFind } from "./node-sampling.ts";
import { scoreOwnSpread, spreadFilter, type SpreadRejection } from "./own-topology-spread.ts";
import { balanceScore, fitScore, leastAllocated, mostAllocated } from "./resource-scores.ts";
import type { SchedulerCluster } from "./scheduler-cluster.ts";
import type { SchedulerNode } from "./scheduler-node.ts";
import { normalizeDown, normalizeUp } from "./score-normalization.ts";
import { nonZeroRequest } from "./scheduler-pod.ts";
import type { SchedulerPod } from "./scheduler-pod.ts";
import { toleratesTaints, toleratesUnschedulable, untoleratedPreferences } from "#model/taints.ts";
import type { Toleration } from "#model/taints.ts";
import { DefaultTopologySpread } from "./topology-spread.ts";

export interface SchedulerProfile {
  /** scoringStrategy of NodeResourcesFit. */
  readonly scoring: "LeastAllocated" | "MostAllocated";
  /** 0: adapt to the number of nodes. */
  readonly percentageOfNodesToScore: number;
}

export const DEFAULT_PROFILE: SchedulerProfile = { scoring: "LeastAllocated", percentageOfNodesToScore: 0 };

/** Why a node is out, in kube-scheduler's words; the first reason found where there are several. */
export type Rejection =
  | "node(s) were unschedulable"
  | "node(s) had untolerated taint(s)"
  | "node(s) didn't match Pod's node affinity/selector"
  | "node(s) didn't have free ports for the requested pod ports"
  | "Too many pods"
  | `Insufficient ${string}`
  | SpreadRejection
  | AffinityRejection;

export interface FilterResult {
  /** In the order in which they were found. */
  readonly feasible: readonly SchedulerNode[];
  /** How many nodes each reason turned down; nodes that were not looked at are in neither. */
  readonly rejections: ReadonlyMap<Rejection, number>;
}

// Default weights: pkg/scheduler/apis/config/v1/default_plugins.go.
const WEIGHTS = {
  taintToleration: 3,
  nodeAffinity: 2,
  fit: 1,
  spread: 2,
  podAffinity: 2,
  balance: 1,
  images: 1,
} as const;

// Extenders score 0 to 10, plugins 0 to 100.
const EXTENDER_SCALE = 10;

/**
 * One scheduler over one cluster. It remembers where in the cluster its last search ended, and compiles a pod once
 * for filter and score, so that a pod given to it is not changed afterwards. The caller adds and removes pods on the
 * cluster.
 */
export class KubeSchedulerModel {
  readonly #cluster: SchedulerCluster;
  readonly #profile: SchedulerProfile;
  readonly #spread: DefaultTopologySpread;
  #nextStart = 0;
  #totals = new Float64Array(0);
  #scores = new Float64Array(0);
  #wishes: Wishes | undefined;

  constructor(cluster: SchedulerCluster, profile: SchedulerProfile = DEFAULT_PROFILE) {
    this.#cluster = cluster;
    this.#profile = profile;
    this.#spread = new DefaultTopologySpread(cluster);
  }

  /**
   * Feasible nodes, at most as many as the profile's sampling asks for. The search starts where the last one ended and
   * goes on to the first feasible node beyond the sample, as upstream's does (there with 16 searchers side by side, so
   * that the end varies by a few nodes).
   */
  filter(pod: SchedulerPod): FilterResult {
    const wishes = this.#wishesOf(pod);
    const others = this.#wishesAboutOthers(pod, wishes);
    const all = this.#cluster.nodes;
    const nodes = wishes.names === undefined ? all : all.filter(({ name }) => wishes.names?.has(name));
    const wanted = feasibleNodesToFind(nodes.length, this.#profile.percentageOfNodesToScore);
    const feasible: SchedulerNode[] = [];
    const rejections = new Map<Rejection, number>();
    let rejected = 0;
    let index = nodes.length === 0 ? 0 : this.#nextStart % nodes.length;
    for (let looked = 0; looked < nodes.length; looked++) {
      const node = nodes[index] as SchedulerNode;
      if (++index === nodes.length) index = 0;
      const rejection = rejectionOf(node, pod, wishes) ?? others?.(node);
      if (rejection !== undefined) {
        rejected++;
        rejections.set(rejection, (rejections.get(rejection) ?? 0) + 1);
      } else if (feasible.length === wanted) {
        break;
      } else {
        feasible.push(node);
      }
    }
    if (all.length > 0) this.#nextStart = (this.#nextStart + feasible.length + rejected) % all.length;
    return { feasible, rejections };
  }

  /** Has the next search begin at this node of the cluster's order, as after searches that the model has not made. */
  searchFrom(index: number): void {
    this.#nextStart = index;
  }

  /** Why the pod may not go to this node, or undefined if it may: what a nominated node is asked first. */
  rejection(pod: SchedulerPod, node: SchedulerNode): Rejection | undefined {
    const wishes = this.#wishesOf(pod);
    return rejectionOf(node, pod, wishes) ?? this.#wishesAboutOthers(pod, wishes)?.(node);
  }

  /**
   * The nodes' weighted totals, 0 to 1200, in their order. Upstream skips this when one node is left. The array is valid
   * until the next call; extenders' scores may be added to it.
   */
  score(pod: SchedulerPod, feasible: readonly SchedulerNode[]): Float64Array {
    const size = feasible.length;
    if (this.#totals.length < size) {
      this.#totals = new Float64Array(size * 2);
      this.#scores = new Float64Array(size * 2);
    }
    const totals = this.#totals.subarray(0, size);
    const wishes = this.#wishesOf(pod);
    this.#scoreResources(pod, feasible, totals);
    this.#scoreTaints(wishes.tolerations, feasible);
    this.#addScores(WEIGHTS.taintToleration, totals);
    if (wishes.preference !== undefined) {
      this.#scorePreference(wishes.preference, feasible);
      this.#addScores(WEIGHTS.nodeAffinity, totals);
    }
    if (this.#scoreSpread(pod, feasible)) this.#addScores(WEIGHTS.spread, totals);
    if (scoreAffinity(pod, { feasible, groups: this.#cluster.groups }, this.#scores)) {
      this.#addScores(WEIGHTS.podAffinity, totals);
    }
    if (pod.images !== undefined) {
      this.#scoreImages(pod.images, feasible);
      this.#addScores(WEIGHTS.images, totals);
    }
    return totals;
  }

  /** Sampling, filter, scores and choice in one: what kube-scheduler does without an extender. */
  schedule(pod: SchedulerPod, random: Random): SchedulerNode | undefined {
    const { feasible } = this.filter(pod);
    return feasible.length <= 1 ? feasible[0] : feasible[selectHost(this.score(pod, feasible), random)];
  }

  #scoreResources(pod: SchedulerPod, feasible: readonly SchedulerNode[], totals: Float64Array): void {
    const { request } = pod;
    const scored = pod.scoredRequest ?? nonZeroRequest(request);
    const strategy = this.#profile.scoring === "LeastAllocated" ? leastAllocated : mostAllocated;
    // Upstream leaves pods without requests out, which would all go to one node (kubernetes#129138).
    const isBalanced = request.cpuMilli !== 0 || request.memoryBytes !== 0;
    for (let index = 0; index < feasible.length; index++) {
      const node = feasible[index] as SchedulerNode;
      let total = WEIGHTS.fit * fitScore(node, scored, strategy);
      if (isBalanced) total += WEIGHTS.balance * balanceScore(node, request);
      totals[index] = total;
    }
  }

  #scoreTaints(tolerations: readonly Toleration[], feasible: readonly SchedulerNode[]): void {
    for (let index = 0; index < feasible.length; index++) {
      const { taints } = feasible[index] as SchedulerNode;
      this.#scores[index] = taints.length === 0 ? 0 : untoleratedPreferences(taints, tolerations);
    }
    normalizeDown(this.#scores, feasible.length);
  }

  #scorePreference(preference: (node: SchedulerNode) => number, feasible: readonly SchedulerNode[]): void {
    for (let index = 0; index < feasible.length; index++) {
      this.#scores[index] = preference(feasible[index] as SchedulerNode);
    }
    normalizeUp(this.#scores, feasible.length);
  }

  /** Constraints of the pod's own, whether they must hold or should, take the place of the defaults. */
  #scoreSpread(pod: SchedulerPod, feasible: readonly SchedulerNode[]): boolean {
    const { matcher } = this.#wishesOf(pod);
    if ((pod.spreadConstraints ?? []).length === 0) {
      return this.#spread.score({ pod, feasible, matcher }, this.#scores);
    }
    const { nodes, groups } = this.#cluster;
    return scoreOwnSpread(pod, { nodes, groups, matcher, feasible }, this.#scores);
  }

  #scoreImages(images: readonly string[], feasible: readonly SchedulerNode[]): void {
    const cluster = this.#cluster;
    const nodesWith = (image: string): number => cluster.nodesWithImage(image);
    const question = { images, nodesWith, nodeCount: cluster.nodes.length };
    for (let index = 0; index < feasible.length; index++) {
      this.#scores[index] = imageScore((feasible[index] as SchedulerNode).images, question);
    }
  }

  #addScores(weight: number, totals: Float64Array): void {
    for (let index = 0; index < totals.length; index++) {
      totals[index] = (totals[index] ?? 0) + weight * (this.#scores[index] ?? 0);
    }
  }

  /** What depends on where other pods are, as of now; undefined where nothing does. */
  #wishesAboutOthers(
    pod: SchedulerPod,
    { matcher }: Wishes,
  ): ((node: SchedulerNode) => Rejection | undefined) | undefined {
    const { nodes, groups } = this.#cluster;
    const spread =
      pod.spreadConstraints === undefined ? undefined : spreadFilter(pod, { nodes, groups, matcher });
    const affinity = affinityFilter(pod, groups);
    if (spread === undefined) return affinity;
    return affinity === undefined ? spread : (node) => spread(node) ?? affinity(node);
  }

  /** A pod is filtered and then scored: what was compiled for the one serves the other. */
  #wishesOf(pod: SchedulerPod): Wishes {
    if (this.#wishes?.pod !== pod) this.#wishes = wishesOf(pod);
    return this.#wishes;
  }
}

/**
 * Adds an extender's scores, 0 to 10 in the order of `totals`, as kube-scheduler does: times its weight, times 10. It
 * checks no bounds; nor does this.
 */
export function addExtenderScores(totals: Float64Array, scores: ArrayLike<number>, weight: number): void {
  for (let index = 0; index < totals.length; index++) {
    totals[index] = (totals[index] ?? 0) + (scores[index] ?? 0) * weight * EXTENDER_SCALE;
  }
}

/**
 * The index of the highest total; among equals `random` decides. Upstream draws only where an extender has scored
 * (schedule_one.go, Randomizer) and otherwise takes the first of its heap, whose order varies with the searchers.
 */
export function selectHost(totals: ArrayLike<number>, random: Random): number {
  assert(totals.length > 0, "a host is selected among at least one");
  let max = Number.NEGATIVE_INFINITY;
  let ties = 0;
  for (let index = 0; index < totals.length; index++) {
    const total = totals[index] as number;
    if (total > max) {
      max = total;
      ties = 1;
    } else if (total === max) ties++;
  }
  let skip = ties === 1 ? 0 : Math.floor(random() * ties);
  let index = 0;
  while (totals[index] !== max || skip-- > 0) index++;
  return index;
}

interface Wishes {
  readonly pod: SchedulerPod;
  readonly matcher: NodeMatcher | undefined;
  readonly names: ReadonlySet<string> | undefined;
  readonly preference: ((node: SchedulerNode) => number) | undefined;
  readonly tolerations: readonly Toleration[];
  readonly toleratesUnschedulable: boolean;
}

function wishesOf(pod: SchedulerPod): Wishes {
  const tolerations = pod.tolerations ?? [];
  return {
    pod,
    matcher: requiredMatcher(pod),
    names: namedNodes(pod),
    preference: preferenceScorer(pod.preferredTerms),
    tolerations,
    toleratesUnschedulable: toleratesUnschedulable(tolerations),
  };
}

/** The filters that look at the node alone, in the order of the default profile. */
function rejectionOf(
  node: SchedulerNode,
  { request, hostPorts, otherRequests }: SchedulerPod,
  wishes: Wishes,
): Rejection | undefined {
  if (node.isUnschedulable && !wishes.toleratesUnschedulable) return "node(s) were unschedulable";
  if (node.taints.length > 0 && !toleratesTaints(node.taints, wishes.tolerations)) {
    return "node(s) had untolerated taint(s)";
  }
  if (wishes.matcher !== undefined && !wishes.matcher(node)) {
    return "node(s) didn't match Pod's node affinity/selector";
  }
  if (hostPorts !== undefined && !portsAreFree(hostPorts, node.hostPorts)) {
    return "node(s) didn't have free ports for the requested pod ports";
  }
  if (node.pods + 1 > node.podsMax) return "Too many pods";
  if (request.cpuMilli > 0 && request.cpuMilli > node.cpuMilliAllocatable - node.cpuMilliRequested) {
    return "Insufficient cpu";
  }
  if (
    request.memoryBytes > 0 &&
    request.memoryBytes > node.memoryBytesAllocatable - node.memoryBytesRequested
  ) {
    return "Insufficient memory";
  }
  if (otherRequests === undefined) return undefined;
  for (const [name, amount] of Object.entries(otherRequests)) {
    const free = (node.otherAllocatable[name] ?? 0) - (node.otherRequested.get(name) ?? 0);
    if (amount > 0 && amount > free) return `Insufficient ${name}`;
  }
  return undefined;
}
