// The order in which kube-scheduler goes through nodes: one of each zone in turn, so that a sample of them has every
// zone in it (pkg/scheduler/backend/cache/node_tree.go). Within a zone upstream's order is another in every process
// since 1.35, when clients began to collect what there is in a map before they say it (client-go, tools/cache/
// reflector.go with WatchListClient); here it is the given one.

import type { Labels } from "#model/app.ts";

export const ZONE_LABEL = "topology.kubernetes.io/zone";
const REGION_LABEL = "topology.kubernetes.io/region";

/** Nodes of one zone, and zones, keep the order of `nodes`. */
export function inNodeTreeOrder<N extends { readonly labels: Labels }>(nodes: readonly N[]): N[] {
  const zones = [...Map.groupBy(nodes, (node) => zoneKey(node.labels)).values()];
  const [only] = zones;
  if (only === undefined || zones.length === 1) return only ?? [];
  const ordered: N[] = [];
  for (let round = 0; ordered.length < nodes.length; round++) {
    for (const zone of zones) {
      const node = zone[round];
      if (node !== undefined) ordered.push(node);
    }
  }
  return ordered;
}

function zoneKey(labels: Labels): string {
  return `${labels[REGION_LABEL] ?? ""}:\u0000:${labels[ZONE_LABEL] ?? ""}`;
}
