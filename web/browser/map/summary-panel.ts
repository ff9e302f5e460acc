// The map's answer in words, while no node is chosen: how much room there is, what the mesh costs, where most of both is.

import { type ComponentChild, h } from "preact";
import type { Resources } from "#model/resources.ts";
import type { MapNode } from "#web/policy/cluster-map.ts";
import { countText, cpuText, memoryText, plural, roomText } from "#web/policy/format.ts";
import { mapSummary } from "#web/policy/map-summary.ts";
import { ShareBar } from "../parts/share-bar.ts";

export interface SummaryPanelProps {
  readonly nodes: readonly MapNode[];
  readonly resource: keyof Resources;
  readonly app: string;
  readonly onSelect: (name: string) => void;
}

export function SummaryPanel({ nodes, resource, app, onSelect }: SummaryPanelProps): ComponentChild {
  const shown = app === "" ? nodes : nodes.filter(({ pods }) => pods.has(app));
  const summary = mapSummary(shown, resource);
  const text = resource === "cpuMilli" ? cpuText : memoryText;
  const { allocatable, apps, mesh, free, mostFree, mostMesh, overcommitted, short, notReady } = summary;
  return h(
    "section",
    { class: "card panel", "aria-label": "Summary" },
    h("h2", null, app === "" ? "The whole cluster" : `Nodes that host ${app}`),
    h(
      "p",
      { class: "soft" },
      `${plural(summary.nodes, "node")}, ${text(allocatable)}. Choose one for its details.`,
    ),
    h(ShareBar, {
      label: "The cluster",
      whole: allocatable,
      shares: [
        { name: "apps request", colour: "apps", amount: apps, text: shareText(apps, allocatable, text) },
        { name: "mesh", colour: "mesh", amount: mesh, text: shareText(mesh, allocatable, text) },
        { name: "free", colour: "room", amount: free, text: shareText(free, allocatable, text) },
      ],
    }),
    h(NodeList, {
      title: "Most room",
      nodes: mostFree,
      figure: (node) => text(node.free[resource]),
      onSelect,
    }),
    h(NodeList, {
      title: "Most mesh",
      nodes: mostMesh,
      figure: (node) => text(node.mesh[resource]),
      onSelect,
    }),
    h(NodeList, {
      title: "Overcommitted",
      nodes: overcommitted.slice(0, 5),
      total: overcommitted.length,
      figure: ({ free: left }) =>
        left.memoryBytes < 0 ? roomText(left.memoryBytes, memoryText) : roomText(left.cpuMilli, cpuText),
      onSelect,
    }),
    h(NodeList, {
      title: "Proxy about to be resized",
      nodes: short.slice(0, 5),
      total: short.length,
      figure: (node) => `${text(node.required[resource])} needed`,
      onSelect,
    }),
    h(NodeList, {
      title: "No ready proxy",
      nodes: notReady.slice(0, 5),
      total: notReady.length,
      figure: (node) => (node.proxy === null ? "none" : "not ready"),
      onSelect,
    }),
  );
}

interface NodeListProps {
  readonly title: string;
  readonly nodes: readonly MapNode[];
  /** If there are more than are listed. */
  readonly total?: number;
  readonly figure: (node: MapNode) => string;
  readonly onSelect: (name: string) => void;
}

function NodeList({ title, nodes, total = nodes.length, figure, onSelect }: NodeListProps): ComponentChild {
  if (nodes.length === 0) return null;
  return [
    h("h3", null, total > nodes.length ? `${title} (${countText(total)})` : title),
    h(
      "ul",
      { class: "app-list" },
      nodes.map((node) =>
        h(
          "li",
          { key: node.name },
          h("button", { type: "button", class: "link", onClick: () => onSelect(node.name) }, node.name),
          h("span", null, figure(node)),
        ),
      ),
    ),
  ];
}

function shareText(part: number, whole: number, text: (amount: number) => string): string {
  if (whole === 0) return text(part);
  const percent = (part / whole) * 100;
  return `${text(part)} (${percent < 10 ? percent.toFixed(1) : Math.round(percent)}\u202f%)`;
}
