// One node in figures: what takes its room, how its proxy stands, which apps it hosts.

import { type ComponentChild, h } from "preact";
import type { Resources } from "#model/resources.ts";
import type { MapNode } from "#web/policy/cluster-map.ts";
import { cpuText, memoryText, plural, reuseText, roomText } from "#web/policy/format.ts";
import { ShareBar } from "../parts/share-bar.ts";
import { hrefTo } from "../shell/router.ts";

export function NodePanel({
  node,
  onClose,
}: {
  readonly node: MapNode;
  readonly onClose: () => void;
}): ComponentChild {
  const { name, zone, proxy, required, isProxyReady, isShort, pods, meshPods, reuse } = node;
  return h(
    "section",
    { class: "card panel", "aria-label": `Node ${name}` },
    h(
      "div",
      { class: "panel-head" },
      h("h2", null, name),
      h("button", { type: "button", class: "quiet", onClick: onClose }, "Close"),
    ),
    h("p", { class: "soft" }, zone === "" ? "in no zone" : `in ${zone}`),
    h("h3", null, "Memory"),
    h(Room, { node, resource: "memoryBytes", text: memoryText }),
    h("h3", null, "CPU"),
    h(Room, { node, resource: "cpuMilli", text: cpuText }),
    h("h3", null, "Proxy"),
    proxy === null
      ? h("p", { class: "bad" }, "There is none on this node.")
      : h(
          "p",
          { class: !isProxyReady ? "bad" : isShort ? "warn" : undefined },
          `${isProxyReady ? "Ready" : "Not ready"}; has ${memoryText(proxy.memoryBytes)} and ${cpuText(proxy.cpuMilli)}, `,
          `placement counts ${memoryText(required.memoryBytes)} and ${cpuText(required.cpuMilli)}`,
          isShort ? ": short until it is resized." : ".",
        ),
    h("p", null, h("a", { href: hrefTo("why-size", { node: name }) }, "Why does its proxy have this size?")),
    h(
      "h3",
      null,
      `${plural(meshPods, "mesh pod")} of ${plural(pods.size, "app")}, reuse ${reuseText(reuse)}`,
    ),
    h(
      "ul",
      { class: "app-list" },
      [...pods]
        .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
        .map(([app, count]) =>
          h(
            "li",
            { key: app },
            h("a", { href: hrefTo("app", { app }) }, app),
            h("span", null, plural(count, "pod")),
          ),
        ),
    ),
  );
}

function Room({
  node: { apps, mesh, free, allocatable },
  resource,
  text,
}: {
  readonly node: MapNode;
  readonly resource: keyof Resources;
  readonly text: (amount: number) => string;
}): ComponentChild {
  return h(ShareBar, {
    label: resource === "cpuMilli" ? "CPU" : "Memory",
    whole: allocatable[resource],
    shares: [
      { name: "apps request", colour: "apps", amount: apps[resource], text: text(apps[resource]) },
      { name: "mesh", colour: "mesh", amount: mesh[resource], text: text(mesh[resource]) },
      {
        name: "free",
        colour: "room",
        amount: free[resource],
        text: roomText(free[resource], text).replace(" free", ""),
      },
    ],
  });
}
