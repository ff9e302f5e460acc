// Which nodes a pod may use at all, as kube-scheduler has it beside CPU and memory: nodeSelector, required node affinity,
// taints, cordons, and how many pods a node takes (plugins nodeaffinity, nodename, tainttoleration, nodeunschedulable and
// noderesources). Placement that starts from all nodes, and not from those kube-scheduler found feasible, must ask.

import { requiredMatcher } from "./node-affinity.ts";
import type { NodeAccount } from "./node-ledger.ts";
import type { PodWishes } from "./pod-wishes.ts";
import { toleratesTaints, toleratesUnschedulable } from "./taints.ts";

/** A test for many nodes; a node whose traits are not known is not eligible. */
export function eligibilityFor(wishes: PodWishes): (node: NodeAccount) => boolean {
  const matches = requiredMatcher(wishes) ?? (() => true);
  const mayUseCordoned = toleratesUnschedulable(wishes.tolerations);
  return ({ name, traits, occupants, proxies }) =>
    traits !== undefined &&
    occupants.size + proxies.size < traits.podsMax &&
    (!traits.isUnschedulable || mayUseCordoned) &&
    toleratesTaints(traits.taints, wishes.tolerations) &&
    matches({ name, labels: traits.labels });
}
