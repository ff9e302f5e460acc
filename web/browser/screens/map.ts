// "Where is room, and what does the mesh cost on each node?"

import { type ComponentChild, h } from "preact";
import { type ClusterMap, mapNode } from "#web/policy/cluster-map.ts";
import { memoryText, reuseText } from "#web/policy/format.ts";
import type { Screen, ScreenProps } from "../screen.ts";
import { DataTable } from "../parts/data-table.ts";

export const map: Screen<ClusterMap> = {
  name: "map",
  label: "Cluster map",
  question: () => "Where is room, and what does the mesh cost on each node?",
  draw: MapScreen,
};

function MapScreen({ view }: ScreenProps<ClusterMap>): ComponentChild {
  const nodes = Object.entries(view.nodes).map(([name, row]) => mapNode(name, row, view));
  return h(DataTable, {
    caption: "Nodes",
    columns: [
      { head: "Node" },
      { head: "Apps' memory", isNumber: true },
      { head: "Mesh memory", isNumber: true },
      { head: "Free memory", isNumber: true },
      { head: "Reuse", isNumber: true },
    ],
    rows: nodes.map((node) => ({
      key: node.name,
      cells: [
        node.name,
        memoryText(node.apps.memoryBytes),
        memoryText(node.mesh.memoryBytes),
        memoryText(node.free.memoryBytes),
        reuseText(node.reuse),
      ],
    })),
  });
}
