// The map's question in words: how much room there is and where most of it is, what the mesh costs and where most.

import type { Resources } from "#model/resources.ts";
import type { MapNode } from "./cluster-map.ts";

export interface MapSummary {
  readonly nodes: number;
  readonly allocatable: number;
  readonly apps: number;
  readonly mesh: number;
  /** Of the nodes that have some; what others are overcommitted by does not take from it. */
  readonly free: number;
  readonly mostFree: readonly MapNode[];
  readonly mostMesh: readonly MapNode[];
  readonly overcommitted: readonly MapNode[];
  readonly short: readonly MapNode[];
  readonly notReady: readonly MapNode[];
}

const ROWS = 5;

export function mapSummary(nodes: readonly MapNode[], resource: keyof Resources): MapSummary {
  const sum = (value: (node: MapNode) => number): number =>
    nodes.reduce((total, node) => total + value(node), 0);
  const most = (value: (node: MapNode) => number): readonly MapNode[] =>
    nodes.toSorted((a, b) => value(b) - value(a) || (a.name < b.name ? -1 : 1)).slice(0, ROWS);
  return {
    nodes: nodes.length,
    allocatable: sum((node) => node.allocatable[resource]),
    apps: sum((node) => node.apps[resource]),
    mesh: sum((node) => node.mesh[resource]),
    free: sum((node) => Math.max(0, node.free[resource])),
    mostFree: most((node) => node.free[resource]),
    mostMesh: most((node) => node.mesh[resource]),
    overcommitted: nodes.filter(({ free }) => free.cpuMilli < 0 || free.memoryBytes < 0),
    short: nodes.filter(({ isShort }) => isShort),
    notReady: nodes.filter(({ isProxyReady }) => !isProxyReady),
  };
}
