// Placement by a scorer of the user's: every node is asked in turn, which is slower than a search by free room.

import type { NodeName } from "#model/brand.ts";
import { costedDemand, type CostedDemand, freeRoom, meshCost, rejectionOf } from "#model/fit.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { Placer, PlacementPolicy, PolicyContext } from "../engine/placement-policy.ts";
import type { ReplayPod } from "../engine/replay-pod.ts";
import type { ScoredNode, Scorer } from "./scorer.ts";

export function scoredPolicy(scorer: Scorer): PlacementPolicy {
  return {
    name: scorer.name,
    summary: scorer.summary ?? "a proxy per node that Berth sizes, and a scorer of one's own",
    mesh: { kind: "nodeProxy" },
    start: (context) => new ScoredPlacement(scorer, context),
  };
}

class ScoredPlacement implements Placer {
  readonly #scorer: Scorer;
  readonly #ledger: ClusterLedger;
  readonly #podsPerNodeMax: number;
  readonly #nodes = new Map<NodeName, NodeLedger>();
  evaluations = 0;

  constructor(scorer: Scorer, { cluster, podsPerNodeMax }: PolicyContext) {
    this.#scorer = scorer;
    this.#ledger = cluster.ledger;
    this.#podsPerNodeMax = podsPerNodeMax;
  }

  place(pod: ReplayPod): NodeName | undefined {
    const demand = costedDemand(pod, this.#ledger);
    let best: NodeLedger | undefined;
    let bestScore = -Infinity;
    for (const node of this.#nodes.values()) {
      if (!this.#takes(node, demand)) continue;
      const score = this.#score(pod, node, demand);
      if (best !== undefined && (score < bestScore || (score === bestScore && node.name > best.name)))
        continue;
      best = node;
      bestScore = score;
    }
    return best?.name;
  }

  accepts(name: NodeName, pod: ReplayPod): boolean {
    const node = this.#nodes.get(name);
    return node !== undefined && this.#takes(node, costedDemand(pod, this.#ledger));
  }

  nodeAdded(node: NodeLedger): void {
    this.#nodes.set(node.name, node);
  }

  nodeRemoved({ name }: NodeLedger): void {
    this.#nodes.delete(name);
  }

  #takes(node: NodeLedger, demand: CostedDemand): boolean {
    this.evaluations++;
    if (node.occupants.size + node.proxies.size >= this.#podsPerNodeMax) return false;
    return rejectionOf(node, demand) === undefined;
  }

  #score(pod: ReplayPod, node: NodeLedger, demand: CostedDemand): number {
    const { name, app, request } = pod;
    const score: unknown = this.#scorer.score({
      pod: { name, app, request },
      node: scoredNode(node, demand),
    });
    if (typeof score === "number" && Number.isFinite(score)) return score;
    throw new UsageError(
      `scorer ${this.#scorer.name} gave ${String(score)} for pod ${name} on ${node.name}; a score is a finite number`,
    );
  }
}

function scoredNode(node: NodeLedger, demand: CostedDemand): ScoredNode {
  return {
    name: node.name,
    zone: node.zone,
    allocatable: node.allocatable,
    free: freeRoom(node),
    pods: node.occupants.size,
    apps: node.appPods.size,
    podsOfApp: demand.app === undefined ? 0 : (node.appPods.get(demand.app) ?? 0),
    meshCost: meshCost(node, demand),
  };
}
