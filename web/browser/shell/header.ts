// The head of every screen: whose cluster this is, whether what is shown is live, the way to the other screens, and the
// totals.

import { type ComponentChild, h } from "preact";
import { countText, cpuText, memoryText, plural, reuseText } from "#web/policy/format.ts";
import type { Overview } from "#web/policy/overview.ts";
import type { Screen } from "../screen.ts";
import type { Connection } from "./live.ts";
import { hrefTo } from "./router.ts";
import type { Theme } from "./theme.ts";

export interface HeaderProps {
  readonly screens: readonly Screen<never>[];
  readonly current: string;
  readonly overview: Overview | undefined;
  readonly connection: Connection;
  readonly theme: Theme;
  readonly setTheme: (theme: Theme) => void;
}

const CONNECTION_TEXTS: Readonly<Record<Connection, string>> = {
  connecting: "Connecting…",
  live: "Live",
  lost: "No connection",
  paused: "Paused",
};

const NEXT_THEME = { system: "light", light: "dark", dark: "system" } as const;
const THEME_TEXTS: Readonly<Record<Theme, string>> = { system: "Auto", light: "Light", dark: "Dark" };

export function Header({
  screens,
  current,
  overview,
  connection,
  theme,
  setTheme,
}: HeaderProps): ComponentChild {
  return h(
    "header",
    { class: "head" },
    h(
      "div",
      { class: "head-top" },
      h("a", { class: "brand", href: hrefTo(screens[0]?.name ?? "") }, h(Mark, null), "Berth"),
      h("span", { class: "cluster", title: "Where this state comes from" }, overview?.cluster ?? ""),
      h(
        "nav",
        { "aria-label": "Screens", class: "tabs" },
        screens.map(({ name, label }) =>
          h(
            "a",
            { key: name, href: hrefTo(name), "aria-current": name === current ? "page" : undefined },
            label,
          ),
        ),
      ),
      h(
        "span",
        { class: `connection ${connection}`, role: "status" },
        h("span", { class: "dot", "aria-hidden": "true" }),
        CONNECTION_TEXTS[connection],
      ),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          onClick: () => setTheme(NEXT_THEME[theme]),
          title: "Light, dark, or as the system has it",
          "aria-label": `Colours: ${THEME_TEXTS[theme]}`,
        },
        THEME_TEXTS[theme],
      ),
    ),
    overview === undefined ? null : h(Totals, { overview }),
  );
}

function Mark(): ComponentChild {
  return h(
    "svg",
    { viewBox: "0 0 32 32", width: 22, height: 22, "aria-hidden": "true", focusable: "false" },
    h("path", { d: "M3 21h26l-4 7H7z", fill: "currentColor" }),
    h("rect", { x: 7, y: 5, width: 8, height: 13, rx: 1.5, fill: "var(--mesh)" }),
    h("rect", { x: 17, y: 10, width: 8, height: 8, rx: 1.5, fill: "var(--apps)" }),
  );
}

function Totals({ overview: { totals } }: { readonly overview: Overview }): ComponentChild {
  const { nodes, nodesWithReadyProxy, meshPods, pendingMeshPods, apps, instances } = totals;
  const { reuse, proxies, required, nodesShort } = totals;
  const waits = pendingMeshPods === 0 ? "none waits" : `${countText(pendingMeshPods)} wait for a node`;
  return h(
    "dl",
    { class: "totals", "aria-label": "The cluster's totals" },
    h(Total, {
      name: "Nodes",
      value: countText(nodes),
      note:
        nodesWithReadyProxy === nodes
          ? "all with a ready proxy"
          : `${countText(nodesWithReadyProxy)} with a ready proxy`,
      isWarned: nodesWithReadyProxy < nodes,
    }),
    h(Total, { name: "Mesh pods", value: countText(meshPods), note: waits, isWarned: pendingMeshPods > 0 }),
    h(Total, {
      name: "Instances",
      title: "One for each app on each node that hosts it",
      value: countText(instances),
      note: `of ${plural(apps, "app")}`,
    }),
    h(Total, {
      name: "Reuse",
      title: "Mesh pods that share one instance, on average",
      value: reuseText(reuse),
      note: "pods to an instance",
    }),
    h(Total, {
      name: "Mesh memory",
      title: "What the node proxies request, and what their pods call for",
      value: memoryText(proxies.memoryBytes),
      note: `${memoryText(required.memoryBytes)} needed`,
    }),
    h(Total, {
      name: "Mesh CPU",
      title: "What the node proxies request, and what their pods call for",
      value: cpuText(proxies.cpuMilli),
      note: `${cpuText(required.cpuMilli)} needed`,
    }),
    h(Total, {
      name: "Short proxies",
      title: "Proxies that have less than their pods call for, until they are resized",
      value: countText(nodesShort),
      note: nodesShort === 0 ? "all have what they need" : "are being resized",
      isWarned: nodesShort > 0,
    }),
  );
}

interface TotalProps {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly title?: string;
  readonly isWarned?: boolean;
}

function Total({ name, value, note, title, isWarned = false }: TotalProps): ComponentChild {
  return h(
    "div",
    { class: isWarned ? "total warned" : "total", title },
    h("dt", null, name),
    h("dd", null, h("strong", null, value), h("span", null, note)),
  );
}
