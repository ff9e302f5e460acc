// "How does this app sit in the mesh?"

import { type ComponentChild, h } from "preact";
import { useState } from "preact/hooks";
import type { AppFigures } from "#web/policy/fleet-figures.ts";
import type { AppList, AppScreenView, AppView } from "#web/policy/app-view.ts";
import { confidenceText, countText, cpuText, memoryText, plural, reuseText } from "#web/policy/format.ts";
import { Costs } from "../app/costs.ts";
import { Instances } from "../app/instances.ts";
import { QuotaAndLending } from "../app/quota-and-lending.ts";
import { Release } from "../app/release.ts";
import { Throttling } from "../app/throttling.ts";
import { DataTable } from "../parts/data-table.ts";
import { Facts } from "../parts/facts.ts";
import type { Screen, ScreenProps } from "../screen.ts";
import { hrefTo } from "../shell/router.ts";

export const app: Screen<AppScreenView> = {
  name: "app",
  label: "Apps",
  question: ({ app: name }) =>
    name === undefined
      ? "Which apps are in the mesh, and what does each cost?"
      : `How does ${name} sit in the mesh?`,
  draw: AppScreen,
};

function AppScreen({ view }: ScreenProps<AppScreenView>): ComponentChild {
  return view.kind === "list" ? h(List, { view }) : h(One, { view });
}

function List({ view }: { readonly view: AppList }): ComponentChild {
  const [part, setPart] = useState("");
  const all = Object.values(view.apps);
  const rows = all
    .filter(({ app: name }) => name.includes(part.trim()))
    .sort((a, b) => b.meshCost.memoryBytes - a.meshCost.memoryBytes || (a.app < b.app ? -1 : 1));
  return h(
    "div",
    { class: "stack" },
    h(
      "label",
      { class: "field" },
      h("span", null, "Name contains"),
      h("input", {
        type: "search",
        value: part,
        onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) => setPart(currentTarget.value),
      }),
    ),
    h(DataTable, {
      caption: `${plural(all.length, "app")}, those that cost most memory first`,
      empty:
        all.length === 0
          ? "No pod is in the mesh yet. A pod joins with the label berth.dev/mesh: enabled."
          : `No app's name contains “${part}”.`,
      columns: [
        { head: "App" },
        { head: "Pods", isNumber: true },
        { head: "Waiting", isNumber: true, title: "Pods that have no node yet" },
        { head: "Instances", isNumber: true, title: "Nodes that host it, one instance each" },
        { head: "Reuse", isNumber: true, title: "Pods to an instance" },
        { head: "Mesh memory", isNumber: true, title: "What its instances make their proxies need" },
        { head: "Mesh CPU", isNumber: true },
        {
          head: "Costs known",
          isNumber: true,
          title: "How well its costs are learned; charged from 50 % on",
        },
      ],
      rows: rows.map(appRow),
    }),
  );
}

function appRow({ app: name, pods, pending, instances, reuse, meshCost, confidence }: AppFigures) {
  return {
    key: name,
    isWarned: pending > 0,
    cells: [
      h("a", { href: hrefTo("app", { app: name }) }, name),
      countText(pods),
      countText(pending),
      countText(instances),
      reuseText(reuse),
      memoryText(meshCost.memoryBytes),
      cpuText(meshCost.cpuMilli),
      confidenceText(confidence),
    ],
  };
}

function One({ view }: { readonly view: AppView }): ComponentChild {
  const { app: name, pods, pending, reuse, ports, isolation, placement, profile, missing } = view;
  const instances = Object.values(view.instances);
  const { maxPodsPerNode, maxPodsPerZone } = placement;
  const limits = [
    ...(maxPodsPerNode === undefined ? [] : [`${maxPodsPerNode} pods on a node`]),
    ...(maxPodsPerZone === undefined ? [] : [`${maxPodsPerZone} pods in a zone`]),
  ];
  return h(
    "div",
    { class: "stack" },
    h(
      "p",
      { class: "links" },
      h("a", { href: hrefTo("map", { app: name }) }, "Show it on the map"),
      h("a", { href: hrefTo("app") }, "All apps"),
    ),
    missing.length === 0
      ? null
      : h("p", { class: "notice" }, h("strong", null, "Not known: "), missing.join("; "), "."),
    h(
      "div",
      { class: "cards" },
      h(
        "section",
        { class: "card" },
        h("h2", null, "Where it runs"),
        h(Facts, {
          facts: [
            [
              "Pods",
              pending === 0
                ? countText(pods)
                : `${countText(pods)}, and ${countText(pending)} that wait for a node`,
            ],
            ["Instances", `${countText(instances.length)}, one for each node`],
            ["Reuse", `${reuseText(reuse)} pods to an instance`],
            [
              "Instance runs as",
              isolation === "thread" ? "a thread of the node's proxy" : "a process of its own",
            ],
            [
              "Ports on every node",
              ports === null ? "none yet" : `${ports.inbound} in, ${ports.outbound} out`,
            ],
            ["At most", limits.length === 0 ? "no limit" : limits.join(", ")],
            ["Profile", profile === "own" ? "its own" : "none: the default counts"],
          ],
        }),
      ),
      h(Costs, { costs: view.costs }),
      h(QuotaAndLending, { quota: view.quota, lending: view.lending }),
      h(Throttling, { instances }),
      h(Release, { release: view.release }),
    ),
    h(Instances, { app: name, instances }),
  );
}
