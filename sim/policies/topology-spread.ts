// The spreading that kube-scheduler gives every pod which a Service or a controller selects and which has no
// constraints of its own (pkg/scheduler/framework/plugins/podtopologyspread: system defaulting, plugin.go and
// scoring.go): softly over host names with maxSkew 3 and over zones with maxSkew 5.
//
// Simplified in one point: pods count as matching if they have the pod's spread group. Upstream merges the selectors of
// all Services and of the controller that select the pod, which is the same as long as those do not overlap with others.

import type { SchedulerCluster } from "./scheduler-cluster.ts";
import type { SchedulerNode } from "./scheduler-node.ts";
import type { SchedulerPod } from "./scheduler-pod.ts";
import { NODE_SCORE_MAX } from "./score-normalization.ts";
import type { NodeMatcher } from "#model/node-affinity.ts";

const HOSTNAME_SKEW_MAX = 3;
const ZONE_SKEW_MAX = 5;

export class DefaultTopologySpread {
  readonly #cluster: SchedulerCluster;
  /** By zone index: the cycle in which a feasible node of the zone was last seen. */
  #seenInCycle = new Float64Array(0);
  #cycle = 0;

  constructor(cluster: SchedulerCluster) {
    this.#cluster = cluster;
  }

  /**
   * Writes the normalised scores, 0 to 100, of the feasible nodes to `scores`; false, writing nothing, for a pod that
   * is not spread.
   */
  score({ pod, feasible, matcher }: SpreadQuestion, scores: Float64Array): boolean {
    if (pod.spreadGroup === undefined) return false;
    const counts = this.#cluster.spreadCounts(pod.spreadGroup);
    const byZone = matcher === undefined ? counts?.byZone : this.#countMatching(pod.spreadGroup, matcher);
    const hostnameWeight = normalizingWeight(feasible.length);
    const zoneWeight = normalizingWeight(this.#countZones(feasible));
    let min = Number.POSITIVE_INFINITY;
    let max = 0;
    for (let index = 0; index < feasible.length; index++) {
      const node = feasible[index] as SchedulerNode;
      let raw = 0;
      if (node.hasHostname) raw += (counts?.byNode.get(node) ?? 0) * hostnameWeight + HOSTNAME_SKEW_MAX - 1;
      if (node.zoneIndex !== 0) raw += (byZone?.[node.zoneIndex] ?? 0) * zoneWeight + ZONE_SKEW_MAX - 1;
      const score = Math.round(raw);
      scores[index] = score;
      if (score < min) min = score;
      if (score > max) max = score;
    }
    for (let index = 0; index < feasible.length; index++) {
      const score = scores[index] as number;
      scores[index] = max === 0 ? NODE_SCORE_MAX : Math.trunc((NODE_SCORE_MAX * (max + min - score)) / max);
    }
    return true;
  }

  /** Different zones among the nodes; having none counts as one. */
  #countZones(nodes: readonly SchedulerNode[]): number {
    if (this.#seenInCycle.length < this.#cluster.zoneLimit) {
      this.#seenInCycle = new Float64Array(this.#cluster.zoneLimit * 2);
    }
    this.#cycle++;
    let zones = 0;
    for (const { zoneIndex } of nodes) {
      if (this.#seenInCycle[zoneIndex] === this.#cycle) continue;
      this.#seenInCycle[zoneIndex] = this.#cycle;
      zones++;
    }
    return zones;
  }

  /** Pods of the group by zone, on nodes that the pod could choose (nodeAffinityPolicy Honor). */
  #countMatching(group: string, matcher: NodeMatcher): readonly (number | undefined)[] {
    const byZone: (number | undefined)[] = [];
    for (const [node, pods] of this.#cluster.spreadCounts(group)?.byNode ?? []) {
      if (matcher(node)) byZone[node.zoneIndex] = (byZone[node.zoneIndex] ?? 0) + pods;
    }
    return byZone;
  }
}

export interface SpreadQuestion {
  readonly pod: SchedulerPod;
  readonly feasible: readonly SchedulerNode[];
  /** The pod's hard node wishes, if it has any. */
  readonly matcher: NodeMatcher | undefined;
}

function normalizingWeight(size: number): number {
  return Math.log(size + 2);
}
