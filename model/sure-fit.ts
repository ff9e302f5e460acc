// Most nodes of a large cluster have room by far. Whether one does is told here from a few numbers of the node itself,
// where all that fit.ts reads lies apart in memory: at 5,000 nodes per question that is what takes the time.

import { CORRECTION_MAX } from "./correction.ts";
import type { CostedDemand } from "./fit.ts";
import type { LedgerView } from "./ledger.ts";
import type { NodeAccount, NodeLedger } from "./node-ledger.ts";
import type { Resources } from "./resources.ts";

/**
 * True for nodes that take the pod as long as nobody is nominated to them; false says nothing. The ledger must not change
 * meanwhile.
 */
export function sureFit(pod: CostedDemand, ledger: LedgerView): (node: NodeLedger) => boolean {
  if (pod.zones !== undefined || pod.maxPodsPerNode < 1) return () => false;
  const hosts = new Set<NodeAccount>(pod.app === undefined ? [] : ledger.nodesOfApp(pod.app));
  const isMesh = pod.app !== undefined;
  const { base, perPod } = pod.cost;
  // No node's correction is larger, and two roundings up differ by less than one.
  const taken = (resource: keyof Resources): number =>
    pod.request[resource] + Math.ceil(CORRECTION_MAX * (base[resource] + perPod[resource])) + 1;
  const cpuMilli = taken("cpuMilli");
  const memoryKib = Math.ceil(taken("memoryBytes") / 1024);
  return (node) => {
    if (!node.isFreeKnown) node.addUpFree();
    return (
      node.freeCpuMilli >= cpuMilli &&
      node.freeMemoryKib >= memoryKib &&
      (!isMesh || (node.isProxyReady && !hosts.has(node)))
    );
  };
}
