// What nodes are ranked by, and the few best of many. The larger group first, then the less that would be left, then the
// smaller difference between the CPU and the memory left (stranding), then the name.

import type { NodeName } from "#model/brand.ts";
import {
  type CostedDemand,
  cpuMilliFreeAfter,
  memoryBytesFreeAfter,
  podsLeftInZone,
  rejectionOf,
} from "#model/fit.ts";
import { LEAN_SHARE, type Shares, takesLeanRoom } from "#model/lean-room.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import { addResources, type Resources } from "#model/resources.ts";

/** What a ranked node was ranked by, most important first. */
export interface RankedNode {
  readonly name: NodeName;
  /** Pods, this one included, that the node would take; 0 if even this one takes room held for others, or lean room. */
  readonly groupPods: number;
  /** Share of the node that would be left with them, CPU and memory added up: less is better. */
  readonly leftShare: number;
  /** Difference between the share of CPU and of memory left. */
  readonly strandedShare: number;
}

/** What put the winner before the runner-up. */
export type TieBreak = "onlyCandidate" | "largerGroup" | "lessLeft" | "lessStranded" | "name";

export function tieBreak(winner: RankedNode, runnerUp: RankedNode | undefined): TieBreak {
  if (runnerUp === undefined) return "onlyCandidate";
  if (winner.groupPods !== runnerUp.groupPods) return "largerGroup";
  if (winner.leftShare !== runnerUp.leftShare) return "lessLeft";
  return winner.strandedShare === runnerUp.strandedShare ? "name" : "lessStranded";
}

/**
 * Undefined if the node does not take the pod.
 *
 * @param groups sizes to try, the largest first.
 */
export function assess(
  node: NodeAccount,
  pod: CostedDemand,
  groups: readonly number[],
): RankedNode | undefined {
  if (rejectionOf(node, pod) !== undefined) return undefined;
  const held = heldByOthers(node, pod);
  let groupPods = 0;
  for (const pods of groups) {
    if (!takes(node, pod, { pods, held })) continue;
    groupPods = pods;
    break;
  }
  const { cpu, memory } = leftShares(node, pod, Math.max(1, groupPods));
  return {
    name: node.name,
    groupPods,
    leftShare: cpu + memory,
    strandedShare: Math.abs(cpu - memory),
  };
}

function leftShares(node: NodeAccount, pod: CostedDemand, pods: number): Shares {
  return {
    cpu: cpuMilliFreeAfter(node, pod, pods) / Math.max(1, node.allocatable.cpuMilli),
    memory: memoryBytesFreeAfter(node, pod, pods) / Math.max(1, node.allocatable.memoryBytes),
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
    memoryBytesFreeAfter(node, pod, pods) >= held.memoryBytes &&
    leavesLeanRoom(node, pod, pods)
  );
}

function leavesLeanRoom(node: NodeAccount, pod: CostedDemand, pods: number): boolean {
  const left = leftShares(node, pod, pods);
  if (left.cpu >= LEAN_SHARE && left.memory >= LEAN_SHARE) return true;
  const { cpuMilli, memoryBytes } = podTakes(pod);
  const taken = {
    cpu: cpuMilli / Math.max(1, node.allocatable.cpuMilli),
    memory: memoryBytes / Math.max(1, node.allocatable.memoryBytes),
  };
  return !takesLeanRoom({ taken, leftMin: left, leftMax: left });
}

/** What one more pod of the app takes beside the others: A and what the proxy grows by. */
export function podTakes({ request, cost }: CostedDemand): Resources {
  return addResources(request, cost.perPod);
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

/** The few best of many, in order. */
export class Ranking {
  readonly limit: number;
  #best: RankedNode[] = NONE_YET;

  constructor(limit: number) {
    this.limit = limit;
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

  /** A node that takes at most such a group is among the best only if no more than this would be left on it. */
  leftShareMax(groupPods: number): number {
    const last = this.#best.at(-1);
    if (last === undefined || this.#best.length < this.limit || last.groupPods < groupPods) return Infinity;
    return last.groupPods > groupPods ? -Infinity : last.leftShare;
  }

  offer(assessment: RankedNode | undefined): void {
    if (assessment === undefined) return;
    const last = this.#best.at(-1);
    if (this.#best.length >= this.limit && last !== undefined && compare(last, assessment) <= 0) return;
    // Mostly there is one and no other.
    if (last === undefined) return void (this.#best = [assessment]);
    const best = this.#best;
    if (best.length < this.limit) best.push(assessment);
    // The last one, if there are as many already, goes.
    let index = best.length - 1;
    for (; index > 0; index--) {
      const better = best[index - 1];
      if (better === undefined || compare(assessment, better) >= 0) break;
      best[index] = better;
    }
    best[index] = assessment;
  }
}

const NONE_YET: RankedNode[] = [];

// Negative if `a` is the better node.
function compare(a: RankedNode, b: RankedNode): number {
  return (
    b.groupPods - a.groupPods ||
    a.leftShare - b.leftShare ||
    a.strandedShare - b.strandedShare ||
    (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  );
}
