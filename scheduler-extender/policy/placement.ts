// Which of the nodes that fit a mesh pod is best. A node's proxy pays an app's base once, so:
//   1. if the app already runs on a node with room, and will go on doing so, the fullest such node;
//   2. otherwise the tightest node that takes the whole group of siblings still to come (at most as many as the app
//      may have per node), halving the group until some node takes it; room for the siblings is then held softly;
//   3. both avoid a node on which the pod would take lean room (model/lean-room.ts) while there is another;
//   4. ties by the smaller difference between the CPU and the memory left (stranding), then by name.
// Plain best-fit is unboundedly bad where a class has a set-up cost (arXiv 2512.24785); the soft hold is what lets
// siblings that arrive in random order still meet. A hold of another app is avoided where possible, never enforced.

import type { AppName, NodeName } from "#model/brand.ts";
import type { CostedDemand } from "#model/fit.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import type { Candidates } from "./candidates.ts";
import { assess, type RankedNode, Ranking } from "./node-ranking.ts";
import { PlacementSearch } from "./placement-search.ts";

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
  const best = new Ranking(rankingLength);
  if (pod.app !== undefined) join(new PlacementSearch({ pod, candidates, best, groups: ALONE }), pod.app);
  const reason = pod.app === undefined ? "outsideMesh" : best.isEmpty ? "opensInstance" : "joinsInstance";
  if (best.isEmpty)
    open(new PlacementSearch({ pod, candidates, best, groups: groupSizes(pod, ledger) }), ledger);
  const winner = best.first;
  if (winner === undefined) return undefined;
  return {
    node: winner.name,
    reason,
    ranking: best.names(),
    groupPods: reason === "opensInstance" ? winner.groupPods : 1,
  };
}

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
  const groups = reason === "joinsInstance" ? ALONE : groupSizes(pod, ledger);
  return ranking.flatMap((name) => {
    const account = accountOf(name);
    return account === undefined ? [] : (assess(account, pod, groups) ?? []);
  });
}

const ALONE: readonly number[] = [1];

function join(search: PlacementSearch, app: AppName): void {
  const { apart, ofApp, accountOf } = search.candidates;
  for (const node of apart) {
    // In a rollout the last old pods would otherwise lead the new ones to a node where they are then alone.
    if (node.appPods.has(app) && (accountOf(node)?.stayingPods(app) ?? 0) > 0) search.ask(node);
  }
  search.walkHosts((need) => ofApp(app, need));
}

function open(search: PlacementSearch, ledger: LedgerView): void {
  const { candidates, pod, groups } = search;
  for (const node of candidates.apart) search.ask(node);
  // The app's other nodes have been asked whether they take one more.
  const hosts = pod.app === undefined ? [] : ledger.nodesOfApp(pod.app);
  for (const node of hosts) if (pod.app !== undefined && node.stayingPods(pod.app) === 0) search.ask(node);
  for (const pods of groups) search.walkOthers(pods, candidates.all);
  search.walkOthers(0, candidates.all);
}

/**
 * Larger groups find a node only among the emptiest, and keep more nodes in use than the instances they save are worth
 * (docs/decisions/0036-groups-of-sixteen.md, and 0044-lean-room.md for the number).
 */
const GROUP_PODS_MAX = 12;

// From the largest group worth a node down to the pod alone.
function groupSizes(pod: CostedDemand, ledger: LedgerView): readonly number[] {
  const sizes: number[] = [];
  let size = Math.min(pod.maxPodsPerNode, GROUP_PODS_MAX, 1 + ledger.siblingsToCome(pod));
  if (size <= 1) return ALONE;
  for (; size > 1; size = Math.floor(size / 2)) sizes.push(size);
  sizes.push(1);
  return sizes;
}
