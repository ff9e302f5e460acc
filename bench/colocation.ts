// How many pods landed on a node of their app when one had room: the bindings replayed in their order on a ledger that
// begins with the nodes and their proxies. No pod leaves meanwhile, so a node that is full in the end, as kubelets count or
// for A + B, had nothing to spare: what was free there was taken by others, or promised to them.

import { decodeNode } from "#kube/decode-node.ts";
import { decodePod } from "#kube/decode-pod.ts";
import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
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
  const placed = bound.map(decodePod);
  const ledger = ledgerOf(nodes, pods.map(decodePod));
  const atTheEnd = ledgerOf(nodes, [...pods.map(decodePod), ...placed]);
  let possible = 0;
  let met = 0;
  for (const pod of placed) {
    const hosts = pod.app === undefined ? [] : [...ledger.nodesOfApp(pod.app)];
    const isMet = hosts.some(({ name }) => name === pod.nodeName);
    const hadRoom = ({ name }: { readonly name: NodeName }): boolean =>
      takes(ledger, pod, name) && takes(atTheEnd, pod, name);
    if (isMet) met++;
    if (isMet || hosts.some(hadRoom)) possible++;
    ledger.upsertPod(pod);
  }
  return { possible, met };
}

function ledgerOf(nodes: readonly unknown[], pods: readonly PodView[]): ClusterLedger {
  const ledger = new ClusterLedger();
  for (const node of nodes) ledger.upsertNode(decodeNode(node));
  for (const pod of pods) ledger.upsertPod(pod);
  return ledger;
}

function takes(ledger: ClusterLedger, pod: PodView, name: NodeName): boolean {
  const node = ledger.node(name);
  if (node === undefined || rejectionOf(node, costedDemand(pod, ledger)) !== undefined) return false;
  return node.occupants.size + node.proxies.size < (node.traits?.podsMax ?? 0);
}
