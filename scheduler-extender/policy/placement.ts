// Which of the nodes that fit a mesh pod is best. A node's proxy pays an app's base once, so:
//   1. if the app already runs on a node with room, and will go on doing so, the fullest such node;
//   2. otherwise the tightest node that takes the whole group of siblings still to come (at most as many as the app
//      may have per node), halving the group until some node takes it; room for the siblings is then held softly;
//   3. ties by the smaller difference between the CPU and the memory left (stranding), then by name.
// Plain best-fit is unboundedly bad where a class has a set-up cost (arXiv 2512.24785); the soft hold is what lets
// siblings that arrive in random order still meet. A hold of another app is avoided where possible, never enforced.

import type { NodeName } from "#model/brand.ts";
import {
  type CostedDemand,
  cpuMilliFreeAfter,
  memoryBytesFreeAfter,
  podsLeftInZone,
  rejectionOf,
} from "#model/fit.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import type { Candidates } from "./candidates.ts";

export interface Placement {
  readonly node: NodeName;
  readonly reason: PlacementReason;
  /** The best nodes, best first; the chosen one leads. */
  readonly ranking: readonly NodeName[];
  /** Pods, this one included, that the node was chosen to take; the siblings get a soft hold. */
  readonly groupPods: number;
}

export type PlacementReason = "joinsInstance" | "opensInstance" | "outsideMesh";

/**
 * The best node for the pod among the candidates that fit it, or undefined if none does.
 *
 * @param rankingLength how many runners-up to name, the winner included.
 */
export function place(
  pod: CostedDemand,
  candidates: Candidates,
  { ledger, rankingLength = 1 }: { readonly ledger: LedgerView; readonly rankingLength?: number },
): Placement | undefined {
  const groups = groupSizes(pod, ledger);
  const best = new Ranking(rankingLength);
  if (pod.app !== undefined) {
    for (const node of candidates.ofApp(pod.app)) {
      // In a rollout the last old pods would otherwise lead the new ones to a node where they are then alone.
      if (node.stayingPods(pod.app) > 0) best.offer(assess(node, pod, [1]));
    }
  }
  const reason = pod.app === undefined ? "outsideMesh" : best.isEmpty ? "opensInstance" : "joinsInstance";
  if (best.isEmpty) for (const node of candidates.all()) best.offer(assess(node, pod, groups));
  const winner = best.first;
  if (winner === undefined) return undefined;
  return {
    node: winner.name,
    reason,
    ranking: best.names(),
    groupPods: reason === "opensInstance" ? winner.groupPods : 1,
  };
}

/** What a ranked node was ranked by, most important first. */
export interface RankedNode {
  readonly name: NodeName;
  /** Pods, this one included, that the node would take; 0 if even this one takes room held for others. */
  readonly groupPods: number;
  /** Share of the node that would be left with them, CPU and memory added up: less is better. */
  readonly leftShare: number;
  /** Difference between the share of CPU and of memory left. */
  readonly strandedShare: number;
}

/** What put the winner before the runner-up. */
export type TieBreak = "onlyCandidate" | "largerGroup" | "lessLeft" | "lessStranded" | "name";

/** The ranked nodes of a placement with what they were ranked by, in order; the ledger must be as it was then. */
export function rankedNodes(
  { ranking, reason }: Placement,
  pod: CostedDemand,
  {
    ledger,
    accountOf,
  }: {
    readonly ledger: LedgerView;
    readonly accountOf: (name: NodeName) => NodeAccount | undefined;
  },
): readonly RankedNode[] {
  const groups = reason === "joinsInstance" ? [1] : groupSizes(pod, ledger);
  return ranking.flatMap((name) => {
    const account = accountOf(name);
    return account === undefined ? [] : (assess(account, pod, groups) ?? []);
  });
}

export function tieBreak(winner: RankedNode, runnerUp: RankedNode | undefined): TieBreak {
  if (runnerUp === undefined) return "onlyCandidate";
  if (winner.groupPods !== runnerUp.groupPods) return "largerGroup";
  if (winner.leftShare !== runnerUp.leftShare) return "lessLeft";
  return winner.strandedShare === runnerUp.strandedShare ? "name" : "lessStranded";
}

// From the largest group worth a node down to the pod alone.
function groupSizes(pod: CostedDemand, ledger: LedgerView): readonly number[] {
  const sizes: number[] = [];
  let size = Math.min(pod.maxPodsPerNode, 1 + ledger.siblingsToCome(pod));
  for (; size > 1; size = Math.floor(size / 2)) sizes.push(size);
  return [...sizes, 1];
}

function assess(node: NodeAccount, pod: CostedDemand, groups: readonly number[]): RankedNode | undefined {
  if (rejectionOf(node, pod) !== undefined) return undefined;
  const held = heldByOthers(node, pod);
  const groupPods = groups.find((pods) => takes(node, pod, { pods, held })) ?? 0;
  const pods = Math.max(1, groupPods);
  const cpuShare = cpuMilliFreeAfter(node, pod, pods) / Math.max(1, node.allocatable.cpuMilli);
  const memoryShare = memoryBytesFreeAfter(node, pod, pods) / Math.max(1, node.allocatable.memoryBytes);
  return {
    name: node.name,
    groupPods,
    leftShare: cpuShare + memoryShare,
    strandedShare: Math.abs(cpuShare - memoryShare),
  };
}

interface Group {
  readonly pods: number;
  readonly held: Held;
}

// The app's limit per node needs no look here: a node that may have one more of its pods is joined by a single pod, and a
// group is opened only where there is none. The zone's does: other nodes of the zone may have most of what it allows.
function takes(node: NodeAccount, pod: CostedDemand, { pods, held }: Group): boolean {
  return (
    pods <= podsLeftInZone(node, pod) &&
    cpuMilliFreeAfter(node, pod, pods) >= held.cpuMilli &&
    memoryBytesFreeAfter(node, pod, pods) >= held.memoryBytes
  );
}

interface Held {
  cpuMilli: number;
  memoryBytes: number;
}

const NOTHING_HELD: Held = { cpuMilli: 0, memoryBytes: 0 };

function heldByOthers(node: NodeAccount, pod: CostedDemand): Held {
  if (node.holds.size === 0) return NOTHING_HELD;
  const held = { cpuMilli: 0, memoryBytes: 0 };
  for (const hold of node.holds.values()) {
    if (hold.app === pod.app) continue;
    held.cpuMilli += hold.pods * hold.request.cpuMilli;
    held.memoryBytes += hold.pods * hold.request.memoryBytes;
  }
  return held;
}

// The few best of many, in order.
class Ranking {
  readonly #limit: number;
  readonly #best: RankedNode[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#best.length === 0;
  }

  get first(): RankedNode | undefined {
    return this.#best[0];
  }

  names(): readonly NodeName[] {
    return this.#best.map(({ name }) => name);
  }

  offer(assessment: RankedNode | undefined): void {
    if (assessment === undefined) return;
    const last = this.#best.at(-1);
    if (this.#best.length >= this.#limit && last !== undefined && compare(last, assessment) <= 0) return;
    let index = this.#best.length;
    while (index > 0 && compare(assessment, this.#best[index - 1] ?? assessment) < 0) index--;
    this.#best.splice(index, 0, assessment);
    if (this.#best.length > this.#limit) this.#best.pop();
  }
}

// Negative if `a` is the better node.
function compare(a: RankedNode, b: RankedNode): number {
  return (
    b.groupPods - a.groupPods ||
    a.leftShare - b.leftShare ||
    a.strandedShare - b.strandedShare ||
    (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  );
}
