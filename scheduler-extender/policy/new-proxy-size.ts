// The size of a proxy pod that is being created. The DaemonSet's template has one size for all nodes; a proxy that comes
// back to a node with mesh pods would start too small for them and be resized only afterwards. Headroom is not part of
// it: the recommender gives that when the node is calm.

import { required } from "#model/mesh-cost.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import { maxResources, type Resources } from "#model/resources.ts";

export interface ProxyTemplate {
  readonly requests: Resources;
  /** What a proxy costs without instances. */
  readonly base: Resources;
}

/**
 * What the node's pods call for, bound and promised ones; never less than the template, and beyond that never more than
 * the node has free, beside an old proxy that is still there: kube-scheduler counts that one until it is gone, and would
 * preempt pods of the node for a new one that does not fit beside it.
 */
export function newProxySize(node: NodeAccount, { requests, base }: ProxyTemplate): Resources {
  const wanted = required({
    proxyBase: maxResources(node.proxyBase, base),
    correction: node.correction,
    modelCost: node.modelCost,
  });
  const bounded = (resource: keyof Resources): number => {
    const free = node.allocatable[resource] - node.requested[resource] - (node.counted?.[resource] ?? 0);
    return Math.max(requests[resource], Math.min(wanted[resource], free));
  };
  return { cpuMilli: bounded("cpuMilli"), memoryBytes: bounded("memoryBytes") };
}
