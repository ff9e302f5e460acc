// The map as a table, for those who read it by ear or want figures beside each other.

import { type ComponentChild, h } from "preact";
import { useState } from "preact/hooks";
import type { Resources } from "#model/resources.ts";
import type { MapNode } from "#web/policy/cluster-map.ts";
import { cpuText, memoryText, reuseText } from "#web/policy/format.ts";
import { Choice } from "../parts/choice.ts";
import { DataTable } from "../parts/data-table.ts";

const ORDERS = [
  { value: "free", text: "Most free" },
  { value: "mesh", text: "Most mesh" },
  { value: "reuse", text: "Least reuse" },
  { value: "name", text: "Name" },
] as const;
type Order = (typeof ORDERS)[number]["value"];

export interface MapTableProps {
  readonly nodes: readonly MapNode[];
  readonly resource: keyof Resources;
  readonly app: string;
}

export function MapTable({ nodes, resource, app }: MapTableProps): ComponentChild {
  const [isOpen, setIsOpen] = useState(false);
  const [order, setOrder] = useState<Order>("free");
  return h(
    "details",
    {
      class: "as-table",
      onToggle: ({ currentTarget }: { currentTarget: HTMLDetailsElement }) => setIsOpen(currentTarget.open),
    },
    h("summary", null, "The same as a table"),
    isOpen
      ? [
          h(Choice<Order>, { name: "Order", options: ORDERS, value: order, onChoose: setOrder }),
          h(Rows, { nodes: app === "" ? nodes : nodes.filter(({ pods }) => pods.has(app)), resource, order }),
        ]
      : null,
  );
}

function Rows({
  nodes,
  resource,
  order,
}: Pick<MapTableProps, "nodes" | "resource"> & { readonly order: Order }): ComponentChild {
  const text = resource === "cpuMilli" ? cpuText : memoryText;
  const rows = nodes.toSorted(
    (a, b) => weight(b, order, resource) - weight(a, order, resource) || (a.name < b.name ? -1 : 1),
  );
  return h(DataTable, {
    caption: `Nodes by ${resource === "cpuMilli" ? "CPU" : "memory"}`,
    columns: [
      { head: "Node" },
      { head: "Zone" },
      { head: "Mesh pods", isNumber: true },
      { head: "Instances", isNumber: true, title: "One for each app on the node" },
      { head: "Reuse", isNumber: true, title: "Mesh pods to an instance" },
      { head: "Apps", isNumber: true, title: "What its pods request, the proxy apart" },
      {
        head: "Mesh",
        isNumber: true,
        title: "The larger of what the proxy requests and what its pods call for",
      },
      { head: "Free", isNumber: true },
      { head: "Proxy" },
    ],
    rows: rows.map((node) => ({
      key: node.name,
      isWarned: node.isShort || !node.isProxyReady,
      cells: [
        node.name,
        node.zone === "" ? "–" : node.zone,
        node.meshPods,
        node.pods.size,
        reuseText(node.reuse),
        text(node.apps[resource]),
        text(node.mesh[resource]),
        text(node.free[resource]),
        proxyText(node),
      ],
    })),
  });
}

function weight(node: MapNode, order: Order, resource: keyof Resources): number {
  if (order === "free") return node.free[resource];
  if (order === "mesh") return node.mesh[resource];
  return order === "reuse" ? -(node.reuse ?? Number.MAX_VALUE) : 0;
}

function proxyText({ proxy, isProxyReady, isShort }: MapNode): string {
  if (proxy === null) return "none";
  if (!isProxyReady) return "not ready";
  return isShort ? "short" : "ready";
}
