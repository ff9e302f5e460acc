// How many new nodes a cluster autoscaler would order for pods that fit nowhere: it packs their requests onto copies of
// a template node, the largest first (kubernetes/autoscaler, cluster-autoscaler/estimator/binpacking_estimator.go). It
// asks no extender, so that it counts the DaemonSet's proxy at its template's size, and knows no other mesh cost.

import type { Resources } from "#model/resources.ts";

export interface NodeTemplate {
  /** What a new node offers to pods, the DaemonSet's pods taken off. */
  readonly free: Resources;
  readonly podSlots: number;
}

/** Pods that do not even fit a node of their own are left out. */
export function nodesFor(requests: readonly Resources[], template: NodeTemplate): number {
  const { free, podSlots } = template;
  const share = ({ cpuMilli, memoryBytes }: Resources): number =>
    cpuMilli / free.cpuMilli + memoryBytes / free.memoryBytes;
  const largestFirst = requests
    .filter(({ cpuMilli, memoryBytes }) => cpuMilli <= free.cpuMilli && memoryBytes <= free.memoryBytes)
    .sort((a, b) => share(b) - share(a) || b.cpuMilli - a.cpuMilli);
  const nodes: OpenNode[] = [];
  let from = 0;
  let last: Resources | undefined;
  for (const request of largestFirst) {
    // Where an equal pod found no room, this one finds none.
    if (last?.cpuMilli !== request.cpuMilli || last.memoryBytes !== request.memoryBytes) from = 0;
    last = request;
    while (from < nodes.length && !hasRoom(nodes[from], request)) from++;
    const node = nodes[from] ?? { ...free, podSlots };
    if (from === nodes.length) nodes.push(node);
    node.cpuMilli -= request.cpuMilli;
    node.memoryBytes -= request.memoryBytes;
    node.podSlots--;
  }
  return nodes.length;
}

interface OpenNode {
  cpuMilli: number;
  memoryBytes: number;
  podSlots: number;
}

function hasRoom(node: OpenNode | undefined, { cpuMilli, memoryBytes }: Resources): boolean {
  return (
    node !== undefined && node.podSlots > 0 && node.cpuMilli >= cpuMilli && node.memoryBytes >= memoryBytes
  );
}
