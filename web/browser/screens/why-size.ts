// "Why does this node's proxy have this size?"

import { type ComponentChild, h } from "preact";
import { countText, cpuText, memoryText } from "#web/policy/format.ts";
import type { SizeColumns } from "#web/policy/size-history.ts";
import { pairText } from "#web/policy/why-pod.ts";
import { lastChangeText, sizeStory, spanText, type WhySizeView } from "#web/policy/why-size.ts";
import { Chooser } from "../parts/chooser.ts";
import { DataTable } from "../parts/data-table.ts";
import { LineChart } from "../parts/line-chart.ts";
import type { Screen, ScreenProps } from "../screen.ts";
import { hrefTo } from "../shell/router.ts";

const NAME = "why-size";

export const whySize: Screen<WhySizeView> = {
  name: NAME,
  label: "Why that size?",
  question: ({ node }) => `Why does ${node ?? "a node"}'s proxy have its size?`,
  draw: WhySizeScreen,
};

function WhySizeScreen({ view, params }: ScreenProps<WhySizeView>): ComponentChild {
  const { node, find = "" } = params;
  if (node === undefined) return h(Choice, { view, find });
  const { reply, refusal, history } = view;
  const back = h("p", { key: "back" }, h("a", { href: hrefTo(NAME) }, "Ask about another node"));
  if (reply === null)
    return h("div", { class: "stack" }, h("p", { class: "empty" }, refusal ?? "There is no answer."), back);
  const { proxy, daemonSets } = reply;
  return h(
    "div",
    { class: "stack" },
    proxy === null
      ? h("p", { class: "empty" }, `No node proxy is sized on ${node}.`)
      : h(Size, { title: "The node's proxy", recommendation: proxy }),
    Object.entries(daemonSets).map(([autoscaler, recommendation]) =>
      h(Size, { key: autoscaler, title: `Sized by ${autoscaler}`, recommendation }),
    ),
    history === null || history.atMs.length === 0 ? null : h(History, { history }),
    back,
  );
}

function Choice({ view, find }: { readonly view: WhySizeView; readonly find: string }): ComponentChild {
  return h(
    "div",
    { class: "stack" },
    h(Chooser, { screen: NAME, label: "Nodes whose name holds", find, placeholder: "node name" }),
    h(DataTable, {
      caption: `Node proxies: short ones first, then the largest (${countText(view.nodesCount)} in all)`,
      columns: [
        { head: "Node" },
        { head: "Mesh pods", isNumber: true },
        { head: "Apps", isNumber: true },
        { head: "Has", isNumber: true },
        { head: "Required", title: "By the pods on the node, without headroom", isNumber: true },
      ],
      rows: view.nodes.map(({ node, pods, apps, has, required }) => ({
        key: node,
        cells: [
          h("a", { href: hrefTo(NAME, { node }) }, node),
          countText(pods),
          countText(apps),
          pairText(has),
          pairText(required),
        ],
        isWarned: has.cpuMilli < required.cpuMilli || has.memoryBytes < required.memoryBytes,
      })),
      empty: find === "" ? "No node has a proxy yet." : "No node with a proxy is called so.",
    }),
  );
}

/** Ticks at round amounts: powers of two from a MiB to a TiB. */
const MEMORY_INCREMENTS = Array.from({ length: 21 }, (_, power) => 2 ** (20 + power));

function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

interface SizeProps {
  readonly title: string;
  readonly recommendation: Parameters<typeof sizeStory>[0];
}

function Size({ title, recommendation }: SizeProps): ComponentChild {
  const { headline, parts, facts } = sizeStory(recommendation);
  const { lastChange, target } = recommendation;
  const largest = Math.max(1, target.memoryBytes);
  return h(
    "section",
    { class: "stack" },
    h("h2", null, title),
    h("p", { class: "lead" }, headline),
    h(DataTable, {
      caption: "What adds up to it",
      columns: [
        { head: "Part" },
        { head: "Pods", isNumber: true },
        { head: "Memory", isNumber: true },
        { head: "Of the target" },
        { head: "CPU", isNumber: true },
        { head: "How" },
      ],
      rows: parts.map(({ part, pods, amount, note, isSum }) => ({
        key: part,
        cells: [
          isSum ? h("strong", null, part) : part,
          pods === null ? "" : countText(pods),
          memoryText(amount.memoryBytes),
          h(Bar, { share: amount.memoryBytes / largest, kind: isSum ? "sum" : "part" }),
          cpuText(amount.cpuMilli),
          h("span", { class: "note" }, note),
        ],
      })),
    }),
    h(
      "ul",
      { class: "notes" },
      facts.map((line) => h("li", { key: line }, line)),
      h("li", null, lastChangeText(lastChange, timeText)),
    ),
  );
}

function Bar({ share, kind }: { readonly share: number; readonly kind: "sum" | "part" }): ComponentChild {
  const width = `${Math.min(100, Math.max(0, share * 100))}%`;
  return h("span", { class: `bar ${kind}`, "aria-hidden": "true" }, h("i", { style: { width } }));
}

function History({ history }: { readonly history: SizeColumns }): ComponentChild {
  const seconds = history.atMs.map((atMs) => atMs / 1000);
  const last = history.atMs.at(-1) ?? 0;
  return h(
    "section",
    { class: "stack" },
    h("h2", null, "What it had and needed since this UI began to look, in UTC"),
    h(
      "div",
      { class: "charts" },
      h(LineChart, {
        title: "Memory",
        seconds,
        text: memoryText,
        increments: MEMORY_INCREMENTS,
        series: [
          { label: "has", colour: "--accent", values: history.memoryBytesHas },
          { label: "required", colour: "--mesh", values: history.memoryBytesRequired, isDashed: true },
        ],
      }),
      h(LineChart, {
        title: "CPU",
        seconds,
        text: cpuText,
        series: [
          { label: "has", colour: "--accent", values: history.cpuMilliHas },
          { label: "required", colour: "--mesh", values: history.cpuMilliRequired, isDashed: true },
        ],
      }),
    ),
    h(
      "details",
      null,
      h("summary", null, "The same as a table"),
      h(DataTable, {
        caption: "Changes, the newest first",
        columns: [
          { head: "Before the newest" },
          { head: "Mesh pods", isNumber: true },
          { head: "Has", isNumber: true },
          { head: "Required", isNumber: true },
        ],
        rows: history.atMs.map((_, index) => row(history, index, last)).toReversed(),
      }),
    ),
  );
}

function row(
  history: SizeColumns,
  index: number,
  lastMs: number,
): { readonly key: string; readonly cells: readonly string[] } {
  const at = (column: keyof SizeColumns): number => history[column][index] ?? 0;
  return {
    key: String(at("atMs")),
    cells: [
      index === history.atMs.length - 1 ? "newest" : spanText(lastMs - at("atMs")),
      countText(at("pods")),
      pairText({ cpuMilli: at("cpuMilliHas"), memoryBytes: at("memoryBytesHas") }),
      pairText({ cpuMilli: at("cpuMilliRequired"), memoryBytes: at("memoryBytesRequired") }),
    ],
  };
}
