// The room of nominated pods. kube-scheduler counts a pod nominated to a node (A) against pods of the same or a lower
// priority until it is bound, so that what was preempted for it is not taken by others. Berth does likewise with A + B:
// otherwise the very pods that were preempted come back into the share of the proxy, and the preemptor preempts again.

import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { LedgerView, PodDemand } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import type { SupposedNode } from "#model/supposed-node.ts";
import { priorityOf } from "./importance.ts";

/** A pod that others may have to make room for. */
export type Preemptor = PodDemand & Pick<PodView, "priority" | "nominatedNode" | "headroomFor">;

/** The node's account as it counts for the pod: with the other pods nominated to it that are no less important. */
export function accountFor(pod: Preemptor, name: NodeName, ledger: LedgerView): NodeAccount | undefined {
  return ledger.nominatedTo(name).length === 0 ? ledger.node(name) : supposedFor(pod, name, ledger)?.account;
}

/** The same as a copy to take further pods out of. */
export function supposedFor(pod: Preemptor, name: NodeName, ledger: LedgerView): SupposedNode | undefined {
  const node = ledger.suppose(name);
  for (const other of ledger.nominatedTo(name)) {
    if (other.uid !== pod.uid && priorityOf(other) >= priorityOf(pod)) node?.add(other);
  }
  return node;
}
