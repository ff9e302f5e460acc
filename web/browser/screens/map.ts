// "Where is room, and what does the mesh cost on each node?"

import { type ComponentChild, h } from "preact";
import { useState } from "preact/hooks";
import type { Resources } from "#model/resources.ts";
import { type ClusterMap, mapNode, type MapNode, type MapRow } from "#web/policy/cluster-map.ts";
import { memoryText, plural, reuseText, roomText } from "#web/policy/format.ts";
import { colouredApps, mapLegend, type MapMode } from "#web/policy/map-colours.ts";
import type { Screen, ScreenProps } from "../screen.ts";
import { CanvasMap } from "../map/canvas-map.ts";
import { MapTable } from "../map/map-table.ts";
import { NodePanel } from "../map/node-panel.ts";
import { SummaryPanel } from "../map/summary-panel.ts";
import { Choice } from "../parts/choice.ts";
import { Swatch } from "../parts/share-bar.ts";

export const map: Screen<ClusterMap> = {
  name: "map",
  label: "Cluster map",
  question: () => "Where is room, and what does the mesh cost on each node?",
  draw: MapScreen,
};

const MODES: readonly { readonly value: MapMode; readonly text: string; readonly title: string }[] = [
  { value: "room", text: "Room", title: "What apps and the mesh take of each node, and what is free" },
  { value: "reuse", text: "Reuse", title: "Mesh pods that share one instance" },
  { value: "pressure", text: "Pressure", title: "How much of each node is requested" },
  { value: "app", text: "App", title: "The app with most mesh pods on each node" },
];
const RESOURCES: readonly { readonly value: keyof Resources; readonly text: string }[] = [
  { value: "memoryBytes", text: "Memory" },
  { value: "cpuMilli", text: "CPU" },
];

function MapScreen({ view, params }: ScreenProps<ClusterMap>): ComponentChild {
  const [mode, setMode] = useState<MapMode>("room");
  const [resource, setResource] = useState<keyof Resources>("memoryBytes");
  const [app, setApp] = useState(params["app"] ?? "");
  const [selected, setSelected] = useState(params["node"]);
  const nodes = readNodes(view);
  const list = [...nodes.values()];
  if (list.length === 0)
    return h("p", { class: "empty" }, "The cluster has no nodes yet. They appear here as they join.");
  const kinds = mode === "app" ? colouredApps(list) : [];
  const node = selected === undefined ? undefined : nodes.get(selected);
  return h(
    "div",
    { class: "map-screen" },
    h(
      "div",
      { class: "controls" },
      h(Choice<MapMode>, { name: "Colour by", options: MODES, value: mode, onChoose: setMode }),
      h(Choice<keyof Resources>, {
        name: "Resource",
        options: RESOURCES,
        value: resource,
        onChoose: setResource,
      }),
      h(AppFilter, { apps: Object.values(view.apps), app, setApp }),
    ),
    h(
      "ul",
      { class: "legend", "aria-label": "What the colours say" },
      mapLegend(mode, kinds).map(({ colour, text }) => h("li", { key: text }, h(Swatch, { colour }), text)),
    ),
    h(
      "div",
      { class: "map-and-panel" },
      h(CanvasMap, {
        nodes,
        mode,
        resource,
        kinds,
        app,
        selected,
        onSelect: setSelected,
        describe: (name) => described(nodes.get(name)),
      }),
      node === undefined
        ? h(SummaryPanel, { nodes: list, resource, app, onSelect: setSelected })
        : h(NodePanel, { node, onClose: () => setSelected(undefined) }),
    ),
    h(MapTable, { nodes: list, resource, app }),
  );
}

function AppFilter({
  apps,
  app,
  setApp,
}: {
  readonly apps: readonly string[];
  readonly app: string;
  readonly setApp: (app: string) => void;
}): ComponentChild {
  return h(
    "label",
    { class: "field" },
    h("span", null, "Only where this app runs"),
    h(
      "select",
      {
        value: app,
        onChange: ({ currentTarget }: { currentTarget: HTMLSelectElement }) => setApp(currentTarget.value),
      },
      h("option", { value: "" }, "all nodes"),
      apps.toSorted().map((name) => h("option", { key: name, value: name }, name)),
    ),
  );
}

// A row that did not change is the same object as before, and is read once.
const read = new WeakMap<MapRow, MapNode>();

function readNodes(view: ClusterMap): ReadonlyMap<string, MapNode> {
  return new Map(
    Object.entries(view.nodes).map(([name, row]): [string, MapNode] => {
      const node = read.get(row) ?? mapNode(name, row, view);
      read.set(row, node);
      return [name, node];
    }),
  );
}

function described(node: MapNode | undefined): string {
  if (node === undefined) return "";
  const { name, zone, free, mesh, meshPods, pods, reuse } = node;
  const place = zone === "" ? name : `${name} in ${zone}`;
  const use =
    meshPods === 0
      ? "no mesh pods"
      : `${plural(meshPods, "mesh pod")} of ${plural(pods.size, "app")}, reuse ${reuseText(reuse)}`;
  return `${place}: ${roomText(free.memoryBytes, memoryText)}, mesh ${memoryText(mesh.memoryBytes)}, ${use}`;
}
