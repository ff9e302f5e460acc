// Which nodes a cluster would do without first: those whose pods that could go elsewhere request least.

import type { NodeName } from "#model/brand.ts";
import type { PlannedCluster } from "./planned-cluster.ts";

/** Names, the emptiest first; a node with a pod that must stay comes after all others. */
export function emptiestNodes({ nodes, pods }: PlannedCluster, count: number): readonly NodeName[] {
  const loads = new Map(nodes.map((node) => [node.name, { node, share: 0, bonds: 0 }]));
  for (const { view, bond } of pods) {
    const load = view.nodeName === undefined ? undefined : loads.get(view.nodeName);
    if (load === undefined || bond === "node") continue;
    const { cpuMilli, memoryBytes } = load.node.allocatable;
    load.share +=
      view.request.cpuMilli / Math.max(1, cpuMilli) + view.request.memoryBytes / Math.max(1, memoryBytes);
    if (bond !== undefined) load.bonds++;
  }
  const order = [...loads.values()].sort(
    (a, b) => a.bonds - b.bonds || a.share - b.share || (a.node.name < b.node.name ? -1 : 1),
  );
  return order.slice(0, count).map(({ node }) => node.name);
}
