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
 * What the node's pods call for, bound and promised ones, and never more than the node has free. Where that is little:
 * on a node without a proxy the template's size, for which the pod waits; beside a proxy that is still there no more than
 * half of what that one has, since for as long as both run they do the work of one. What is then still lacking the old
 * one lends (vpa-recommender/policy/resize-planner.ts).
 */
export function newProxySize(node: NodeAccount, { requests, base }: ProxyTemplate): Resources {
  const wanted = required({
    proxyBase: maxResources(node.proxyBase, base),
    correction: node.correction,
    modelCost: node.modelCost,
  });
  const bounded = (resource: keyof Resources): number => {
    const present = node.counted?.[resource];
    const free = node.allocatable[resource] - node.requested[resource] - (present ?? 0);
    const least = present === undefined ? requests[resource] : halfOf(present, requests[resource]);
    const most = Math.max(requests[resource], wanted[resource]);
    return Math.max(least, Math.min(most, free));
  };
  return { cpuMilli: bounded("cpuMilli"), memoryBytes: bounded("memoryBytes") };
}

// Not nothing, whatever the old one has: a pod without any request would be of another QoS class, and for good.
function halfOf(present: number, template: number): number {
  return Math.max(1, Math.min(template, Math.floor(present / 2)));
}
