// The preempt verb: kube-scheduler has chosen victims by the pods' own requests (A) and asks whether the preemptor would
// fit once they are gone. Berth answers by A + B: it keeps the victims where they are enough, adds the least important
// further ones where they are not, and drops the node where nothing helps. It promises nothing: kube-scheduler nominates
// one node itself and schedules the pod anew after the victims have gone.
//
// What counts as gone are the victims, terminating ones included, and the preemptor's own promise of an earlier cycle,
// which would otherwise be counted beside it. Terminating pods that are no victims hold their room, as they do for
// kube-scheduler: when they will be gone is not known, and it may be meant for another preemptor. So do promises, and
// other pods nominated to the node. A pod that is only promised cannot be added, since kube-scheduler refuses an answer
// with a pod that it does not see on the node.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { type CostedDemand, costedDemandAnew, rejectionOf } from "#model/fit.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import type { SupposedNode } from "#model/supposed-node.ts";
import type { Rejection } from "#model/verdict.ts";
import { compareImportance, priorityOf } from "./importance.ts";
import { type Preemptor, supposedFor } from "./nominated-room.ts";

export interface PreemptionQuestion {
  readonly pod: Preemptor;
  /** False for a preemptor whose preemptionPolicy is Never. */
  readonly mayAddVictims: boolean;
  readonly nodes: ReadonlyMap<NodeName, Victims>;
}

/** The pods to be evicted from one node, the most important first: kube-scheduler takes the first one's priority as the highest. */
export interface Victims {
  readonly pods: readonly PodUid[];
  /** PodDisruptionBudgets that the evictions may violate. */
  readonly pdbViolations: number;
}

export type NodePreemption =
  | { readonly kind: "keptVictims"; readonly victims: Victims }
  | { readonly kind: "addedVictims"; readonly victims: Victims; readonly added: readonly PodUid[] }
  | { readonly kind: "droppedNode"; readonly reason: Rejection | "noVictims" };

/**
 * What is to become of each offered node.
 *
 * Berth does not read PodDisruptionBudgets, so each victim it adds counts as one possible violation. kube-scheduler
 * takes the node with the fewest violations, which makes it prefer nodes where nothing had to be added.
 */
export function preempt(
  ledger: LedgerView,
  { pod, mayAddVictims, nodes }: PreemptionQuestion,
): ReadonlyMap<NodeName, NodePreemption> {
  const demand = { ...costedDemandAnew(pod, ledger), priority: priorityOf(pod), mayAddVictims };
  return new Map([...nodes].map(([name, victims]) => [name, preemptOn({ ledger, name }, victims, demand)]));
}

/**
 * What is to become of each node that is offered to a node proxy. A node's first proxy may preempt. One that has a proxy
 * keeps its pods: the new one takes over in a surge, or from one that is leaving, and waits for the room.
 */
export function preemptForProxy(
  ledger: LedgerView,
  nodes: PreemptionQuestion["nodes"],
): ReadonlyMap<NodeName, NodePreemption> {
  return new Map([...nodes].map(([name, victims]) => [name, preemptForProxyOn({ ledger, name }, victims)]));
}

/** The node's pods that are seen bound to it and have a lower priority than the preemptor. */
export function* lesserPods(
  ledger: LedgerView,
  node: NodeAccount,
  preemptor: Pick<PodView, "priority">,
): Iterable<PodView> {
  for (const uid of node.occupants.keys()) {
    const seen = ledger.pod(uid);
    if (seen?.nodeName === node.name && priorityOf(seen) < priorityOf(preemptor)) yield seen;
  }
}

interface Demand extends CostedDemand {
  readonly priority: number;
  readonly mayAddVictims: boolean;
}

interface Place {
  readonly ledger: LedgerView;
  readonly name: NodeName;
}

function preemptForProxyOn({ ledger, name }: Place, victims: Victims): NodePreemption {
  const hasProxy = ledger.node(name)?.counted !== undefined;
  return hasProxy || victims.pods.length === 0
    ? { kind: "droppedNode", reason: "noVictims" }
    : { kind: "keptVictims", victims };
}

function preemptOn({ ledger, name }: Place, victims: Victims, demand: Demand): NodePreemption {
  const node = supposedFor(demand, name, ledger);
  if (node === undefined) return { kind: "droppedNode", reason: "nodeUnknown" };
  node.remove(demand.uid);
  for (const uid of victims.pods) node.remove(uid);
  const reason = rejectionOf(node.account, demand);
  if (reason === undefined) {
    // kube-scheduler fails the whole preemption over a node without victims.
    if (victims.pods.length === 0) return { kind: "droppedNode", reason: "noVictims" };
    return { kind: "keptVictims", victims };
  }
  const isShortOfRoom = reason === "appDoesNotFit" || reason === "meshShareDoesNotFit";
  const added = isShortOfRoom && demand.mayAddVictims ? furtherVictims(node, demand, ledger) : [];
  if (added.length === 0) return { kind: "droppedNode", reason };
  const pods = merged(victims.pods, added, ledger);
  const pdbViolations = victims.pdbViolations + added.length;
  return { kind: "addedVictims", victims: { pods, pdbViolations }, added: added.map(({ uid }) => uid) };
}

// Removing a pod never makes another fit worse, so that taking the least important ones until the preemptor fits, and
// then giving back what turns out not to be needed, leaves a set in which each pod is needed. It is the set that removing
// all of them and giving back the most important first would leave.
function furtherVictims(node: SupposedNode, demand: Demand, ledger: LedgerView): readonly PodView[] {
  const candidates = [...lesserPods(ledger, node.account, demand)].filter(
    (pod) => pod.isTerminating !== true,
  );
  const taken: PodView[] = [];
  for (const pod of candidates.toSorted(compareImportance)) {
    node.remove(pod.uid);
    taken.push(pod);
    if (rejectionOf(node.account, demand) === undefined) return needed(node, demand, taken);
  }
  return [];
}

// The most important first.
function needed(node: SupposedNode, demand: Demand, taken: readonly PodView[]): readonly PodView[] {
  return taken.toReversed().filter((pod) => {
    node.add(pod);
    if (rejectionOf(node.account, demand) === undefined) return false;
    node.remove(pod.uid);
    return true;
  });
}

// The given victims keep their order; one that the ledger does not know keeps its place behind its predecessor.
function merged(given: readonly PodUid[], added: readonly PodView[], ledger: LedgerView): readonly PodUid[] {
  const pods: PodUid[] = [];
  let next = 0;
  for (const uid of given) {
    const seen = ledger.pod(uid);
    let pod = added[next];
    while (pod !== undefined && isMoreImportant(pod, seen)) {
      pods.push(pod.uid);
      pod = added[++next];
    }
    pods.push(uid);
  }
  return [...pods, ...added.slice(next).map(({ uid }) => uid)];
}

function isMoreImportant(pod: PodView, other: PodView | undefined): boolean {
  return other !== undefined && compareImportance(pod, other) > 0;
}
