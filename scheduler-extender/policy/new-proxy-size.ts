// The size of a proxy pod that is being created. The DaemonSet's template has one size for all nodes; a proxy that comes
// back to a node with mesh pods would start too small for them and be resized only afterwards. Headroom is not part of
// it: the recommender gives that when the node is calm.

import { required } from "#model/mesh-cost.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { addResources, maxResources, noResources, type Resources } from "#model/resources.ts";

export interface ProxyTemplate {
  readonly requests: Resources;
  /** What a proxy costs without instances. */
  readonly base: Resources;
}

/**
 * What the node's pods call for, bound and promised ones; never less than the template, and beyond that never more than
 * the node has free. An old proxy holds its room if it stays for now, as in a surge, and not if it is terminating.
 */
export function newProxySize(node: NodeLedger, { requests, base }: ProxyTemplate): Resources {
  const wanted = required({
    proxyBase: maxResources(node.proxyBase, base),
    correction: node.correction,
    modelCost: node.modelCost,
  });
  const staying = [...node.proxies.values()]
    .filter(({ isTerminating }) => isTerminating !== true)
    .map(({ request }) => request)
    .reduce(addResources, noResources);
  const bounded = (resource: keyof Resources): number => {
    const free = node.allocatable[resource] - node.requested[resource] - staying[resource];
    return Math.max(requests[resource], Math.min(wanted[resource], free));
  };
  return { cpuMilli: bounded("cpuMilli"), memoryBytes: bounded("memoryBytes") };
}
