// The two verbs of score mode over the ledger. kube-scheduler does not say which node it chose, and the binding is
// seen only later: until then the pod counts on the node that our scores make the winner. Where a filter leaves one
// node, kube-scheduler skips prioritize, so that node is the winner already.

import type { NodeName } from "#model/brand.ts";
import { type CostedDemand, costedDemand, rejectionOf } from "#model/fit.ts";
import type { ClusterLedger, LedgerView, PodDemand } from "#model/ledger.ts";
import { sureFit } from "#model/sure-fit.ts";
import type { Rejection } from "#model/verdict.ts";
import { awaitsVictims } from "./awaited-victims.ts";
import type { DecisionWitness, JudgedNode } from "./decision-witness.ts";
import { namedCandidates } from "./candidates.ts";
import { priorityOf } from "./importance.ts";
import { accountFor, type Preemptor } from "./nominated-room.ts";
import { place, type Placement } from "./placement.ts";
import { promise, type PromiseLimits } from "./promise.ts";

export interface DecisionContext {
  readonly nowMs: number;
  readonly limits: PromiseLimits;
  /** 1: of the nodes that fit a mesh pod filter answers the winner alone. Without it all of them, to be ranked next. */
  readonly candidates?: 1 | undefined;
  /** Absent where nobody asks why. */
  readonly witness?: DecisionWitness;
}

export interface FilterQuestion {
  readonly pod: Preemptor;
  readonly nodes: readonly NodeName[];
}

export interface FilterResult {
  readonly passed: readonly NodeName[];
  readonly rejected: ReadonlyMap<NodeName, Rejection>;
  /** Set when one node is left, which then holds a promise. */
  readonly promised: NodeName | undefined;
  /** Nodes that fit and are not among those that passed, since another was chosen. */
  readonly withheld: number;
  /** Promises to other pods whose time was over. */
  readonly expired: number;
}

/**
 * Which of the named nodes fit the pod beside what is bound, promised, and kept for pods nominated there. An earlier
 * promise to the pod is void: it is being scheduled anew.
 */
export function filterNodes(
  ledger: ClusterLedger,
  { pod, nodes }: FilterQuestion,
  context: DecisionContext,
): FilterResult {
  const expired = ledger.expire(context.nowMs).length;
  ledger.release(pod.uid);
  const demand = costedDemand(pod, ledger);
  const rejected = new Map<NodeName, Rejection>();
  const fitsSurely = sureFit(demand, ledger);
  let surely = 0;
  for (const name of nodes) {
    const node = ledger.node(name);
    if (node !== undefined && fitsSurely(node) && ledger.nominatedTo(name).length === 0) {
      surely++;
      continue;
    }
    const judged = judge(ledger, { pod, name }, demand);
    if (judged.rejection !== undefined) rejected.set(name, judged.rejection);
    context.witness?.judged(judged, demand);
  }
  context.witness?.surelyFit(surely);
  // Mostly all of them, and then no list is made: what 5,000 names leave behind per question has to be collected.
  const passed = rejected.size === 0 ? nodes : without(nodes, rejected);
  const isChosenHere = passed.length === 1 || (context.candidates === 1 && pod.app !== undefined);
  // It is deleted as soon as it is bound: a promise to it would only keep the pod out that it stands for.
  if (pod.headroomFor !== undefined) return { passed, rejected, promised: undefined, withheld: 0, expired };
  const placement = isChosenHere ? chooseAndPromise(ledger, { demand, nodes: passed }, context) : undefined;
  if (placement === undefined) return { passed, rejected, promised: undefined, withheld: 0, expired };
  const { node } = placement;
  return { passed: [node], rejected, promised: node, withheld: passed.length - 1, expired };
}

// A list that grows name by name is copied several times over.
function without(
  nodes: readonly NodeName[],
  rejected: ReadonlyMap<NodeName, Rejection>,
): readonly NodeName[] {
  const passed = nodes.slice();
  let count = 0;
  for (const name of nodes) if (!rejected.has(name)) passed[count++] = name;
  passed.length = count;
  return passed;
}

/** What filter says of one node, and by which account. */
export function judge(
  ledger: LedgerView,
  { pod, name }: { readonly pod: Preemptor; readonly name: NodeName },
  demand: CostedDemand,
): JudgedNode {
  const account = accountFor(pod, name, ledger);
  const rejection = rejectionOf(account, demand);
  const isNominated = rejection !== undefined && name === pod.nominatedNode;
  const isAwaiting = isNominated && awaitsVictims(ledger, name, { ...demand, priority: priorityOf(pod) });
  return { account, rejection: isAwaiting ? "awaitsVictims" : rejection };
}

/** How many nodes get a score: kube-scheduler's scores for extenders run from 0 to 10, and zeros need not be sent. */
export const SCORE_MAX = 10;

/**
 * Ranks the named nodes for a mesh pod and promises the winner's room to it; undefined if none of them fits any more.
 * Pods outside the mesh are left to kube-scheduler's own preferences.
 */
export function prioritizeNodes(
  ledger: ClusterLedger,
  { pod, nodes }: { readonly pod: PodDemand; readonly nodes: readonly NodeName[] },
  context: DecisionContext,
): Placement | undefined {
  ledger.release(pod.uid);
  if (pod.app === undefined) return undefined;
  return chooseAndPromise(ledger, { demand: costedDemand(pod, ledger), nodes }, context);
}

/** The score of each ranked node: the winner stands alone at the top, so that the default plugins cannot swap it. */
export function scoresOf(
  ranking: readonly NodeName[],
): readonly { readonly node: NodeName; readonly score: number }[] {
  return ranking.slice(0, SCORE_MAX).map((node, place) => ({ node, score: SCORE_MAX - place }));
}

function chooseAndPromise(
  ledger: ClusterLedger,
  { demand, nodes }: { readonly demand: CostedDemand; readonly nodes: readonly NodeName[] },
  context: DecisionContext,
): Placement | undefined {
  const candidates = namedCandidates(ledger, nodes);
  const placement = place(demand, candidates, { ledger, rankingLength: SCORE_MAX });
  if (placement === undefined) return undefined;
  context.witness?.placed({ placement, accountOf: (name) => ledger.node(name) }, demand);
  promise(ledger, { pod: demand, placement }, context);
  return placement;
}
