// How many pods landed on a node of their app when one had room: the bindings replayed in their order on a ledger that
// begins with the nodes and their proxies.

import { decodeNode } from "#kube/decode-node.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { costedDemand, rejectionOf } from "#model/fit.ts";
import { ClusterLedger } from "#model/ledger.ts";

export interface ColocationInput {
  readonly nodes: readonly unknown[];
  /** Proxies, and pods that were bound before. */
  readonly pods: readonly unknown[];
  /** Pods as they were bound, in that order. */
  readonly bound: readonly unknown[];
}

export interface Colocation {
  /** Pods for which a node of their app had room for them and what they cost the proxy. */
  readonly possible: number;
  readonly met: number;
}

export function colocation({ nodes, pods, bound }: ColocationInput): Colocation {
  const ledger = new ClusterLedger();
  for (const node of nodes) ledger.upsertNode(decodeNode(node));
  for (const pod of pods) ledger.upsertPod(decodePod(pod));
  let possible = 0;
  let met = 0;
  for (const raw of bound) {
    const pod = decodePod(raw);
    if (pod.app === undefined) continue;
    const demand = costedDemand(pod, ledger);
    const hosts = [...ledger.nodesOfApp(pod.app)];
    if (hosts.some((node) => rejectionOf(node, demand) === undefined)) {
      possible++;
      if (hosts.some(({ name }) => name === pod.nodeName)) met++;
    }
    ledger.upsertPod(pod);
  }
  return { possible, met };
}
