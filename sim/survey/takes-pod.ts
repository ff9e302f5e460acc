// Whether a node takes a pod: the extender's own filter, A + B and limits, and the pod slots that kube-scheduler counts.

import { type CostedDemand, rejectionOf } from "#model/fit.ts";
import type { NodeAccount } from "#model/node-ledger.ts";

export function takesPod(node: NodeAccount, pod: CostedDemand): boolean {
  return slotsLeft(node) > 0 && rejectionOf(node, pod) === undefined;
}

/** Pods that the node's kubelet takes on top of those there are. */
export function slotsLeft({ traits, occupants, proxies }: NodeAccount): number {
  return Math.max(0, (traits?.podsMax ?? Infinity) - occupants.size - proxies.size);
}
