// A fleet as tables: the totals first, then the rows.

import { memoryText, ratioText } from "#sim/report/figures.ts";
import { type Cell, textTable } from "#sim/report/text-table.ts";
import type { Resources } from "#model/resources.ts";
import {
  type AppFigures,
  type FleetTotals,
  type InstanceFigures,
  isShort,
  type NodeFigures,
} from "#web/policy/fleet-figures.ts";

export interface TextOptions {
  readonly hasColour: boolean;
  readonly isWide: boolean;
}

export function totalsText(totals: FleetTotals): string {
  const { nodes, nodesWithReadyProxy, nodesInMesh, meshPods, pendingMeshPods, apps, instances } = totals;
  const { reuse, proxies, required, used, measured, nodesShort, leftOut } = totals;
  const uses =
    used === null
      ? ""
      : `, use ${pairText(used)}${measured < nodesWithReadyProxy ? ` on ${measured} of them` : ""}`;
  const lines = [
    `nodes      ${nodes}, ${nodesWithReadyProxy} with a ready proxy, ${nodesInMesh} with mesh pods`,
    `mesh pods  ${meshPods} of ${apps} apps${pendingMeshPods === 0 ? "" : `, ${pendingMeshPods} more wait for a node`}`,
    `instances  ${instances}, reuse ${ratioText(reuse ?? undefined)}`,
    `proxies    have ${pairText(proxies)}, need ${pairText(required)}${uses}`,
    ...(nodesShort === 0
      ? []
      : [
          nodesShort === 1
            ? "short      1 node's proxy has less than its pods call for"
            : `short      ${nodesShort} nodes' proxies have less than their pods call for`,
        ]),
    ...(leftOut === 0 ? [] : [`left out   ${leftOut} objects that could not be read`]),
  ];
  return `${lines.join("\n")}\n`;
}

export function nodesText(rows: readonly NodeFigures[], { hasColour, isWide }: TextOptions): string {
  const head = [
    "node",
    "pods",
    "apps",
    "reuse",
    "proxy memory",
    "needs",
    "uses",
    "proxy cpu",
    "needs",
    "uses",
    "free memory",
    "free cpu",
  ];
  const more = isWide ? ["zone", "allocatable memory", "allocatable cpu", "proxy ready"] : [];
  const cells = rows.map((row): readonly Cell[] => {
    const { node, meshPods, apps, reuse, proxy, required, used, free } = row;
    const { allocatable, zone, isProxyReady } = row;
    const warned = isShort(row) ? { colour: "yellow" as const } : {};
    const plain = (text: string | number): Cell => ({ text: String(text) });
    return [
      plain(node),
      plain(meshPods),
      plain(apps),
      plain(ratioText(reuse ?? undefined)),
      { text: proxy === null ? "none" : memoryText(proxy.memoryBytes), ...warned },
      plain(memoryText(required.memoryBytes)),
      plain(used === null ? "–" : memoryText(used.memoryBytes)),
      { text: proxy === null ? "none" : cpuText(proxy.cpuMilli), ...warned },
      plain(cpuText(required.cpuMilli)),
      plain(used === null ? "–" : cpuText(used.cpuMilli)),
      plain(memoryText(free.memoryBytes)),
      plain(cpuText(free.cpuMilli)),
      ...(isWide
        ? [
            plain(zone === "" ? "–" : zone),
            plain(memoryText(allocatable.memoryBytes)),
            plain(cpuText(allocatable.cpuMilli)),
            plain(isProxyReady ? "yes" : "no"),
          ]
        : []),
    ];
  });
  return `${textTable([...head, ...more], cells, { hasColour })}\n`;
}

export function appsText(rows: readonly AppFigures[], { hasColour }: TextOptions): string {
  const head = [
    "app",
    "pods",
    "waiting",
    "instances",
    "reuse",
    "needs memory",
    "uses",
    "needs cpu",
    "uses",
    "requests/s",
    "costs known",
  ];
  const cells = rows.map(
    ({
      app,
      pods,
      pending,
      instances,
      reuse,
      meshCost,
      used,
      requestsPerSecond,
      confidence,
    }): readonly Cell[] => [
      { text: app },
      { text: String(pods) },
      { text: String(pending), ...(pending > 0 ? { colour: "yellow" } : {}) },
      { text: String(instances) },
      { text: ratioText(reuse ?? undefined) },
      { text: memoryText(meshCost.memoryBytes) },
      { text: used === null ? "–" : memoryText(used.memoryBytes) },
      { text: cpuText(meshCost.cpuMilli) },
      { text: used === null ? "–" : cpuText(used.cpuMilli) },
      { text: requestsPerSecond === null ? "–" : requestsPerSecond.toFixed(1) },
      { text: confidence === null ? "as given" : `${Math.round(confidence * 100)} %` },
    ],
  );
  return `${textTable(head, cells, { hasColour })}\n`;
}

export function instancesText(rows: readonly InstanceFigures[], { hasColour }: TextOptions): string {
  const head = [
    "app",
    "node",
    "pods",
    "needs memory",
    "uses",
    "needs cpu",
    "uses",
    "connections",
    "requests/s",
    "cpu held back",
  ];
  const cells = rows.map(({ app, node, pods, meshCost, used }): readonly Cell[] => [
    { text: app },
    { text: node },
    { text: String(pods) },
    { text: memoryText(meshCost.memoryBytes) },
    { text: used === null ? "–" : memoryText(used.memoryBytes) },
    { text: cpuText(meshCost.cpuMilli) },
    { text: used === null ? "–" : cpuText(used.cpuMilli) },
    { text: used === null ? "–" : used.connections.toFixed(0) },
    { text: used === null ? "–" : used.requestsPerSecond.toFixed(1) },
    used?.isThrottled === true ? { text: "yes", colour: "yellow" } : { text: used === null ? "–" : "no" },
  ]);
  return `${textTable(head, cells, { hasColour })}\n`;
}

function pairText({ cpuMilli, memoryBytes }: Resources): string {
  return `${memoryText(memoryBytes)} and ${cpuText(cpuMilli)} CPU`;
}

// Used figures are means over a time, with fractions that say nothing.
function cpuText(amount: number): string {
  const cpuMilli = Math.round(amount);
  return cpuMilli < 10_000 ? `${cpuMilli}m` : `${(cpuMilli / 1000).toFixed(1)}`;
}
