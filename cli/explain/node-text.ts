// Why a node's proxy has its size, for people: its parts, what the node was seen to use of them, and what bounds it.

import { noResources, type Resources } from "#model/resources.ts";
import { amountText } from "#scheduler-extender/shell/amount-text.ts";
import { textTable } from "#sim/report/text-table.ts";
import { CHANGES, CONDITIONS, MODES, PLANS } from "#web/policy/size-words.ts";
import type { ExplainedRecommendation, NodeReply } from "#vpa-recommender/policy/recommendation.ts";

export function nodeText(node: string, { proxy, daemonSets }: NodeReply): string {
  const parts = [
    ...(proxy === null ? [`No node proxy is sized on ${node}.`] : [section("node proxy", proxy)]),
    ...Object.entries(daemonSets).map(([autoscaler, pod]) => section(`by ${autoscaler}`, pod)),
  ];
  return `${parts.join("\n\n")}\n`;
}

function section(what: string, recommendation: ExplainedRecommendation): string {
  const { pod, current, target, plan, mode, ceiling, free, cap, conditions, lastChange } = recommendation;
  const lines = [
    `${pod}, ${what}: has ${amountText(current)}, its target is ${amountText(target)}: ${PLANS[plan] ?? plan}`,
    indented(partsTable(recommendation)),
    `  the node has room for one of ${amountText(ceiling)}, ${amountText(free)} more than it has`,
  ];
  lines.splice(2, 0, `  required is ${seenText(recommendation.explanation)}`);
  const { pooled } = recommendation.explanation ?? {};
  if (pooled !== undefined)
    lines.push(`  ${amountText(pooled)} saved, since the apps' peaks do not coincide`);
  if (Object.keys(cap).length > 0) lines.push(`  its autoscaler caps it at ${capText(cap)}`);
  if (mode !== "InPlace") lines.push(`  update mode ${mode}: ${MODES[mode]}`);
  lines.push(`  last change: ${changeText(lastChange)}`);
  for (const condition of conditions) lines.push(`  ${condition}: ${CONDITIONS[condition]}`);
  return lines.join("\n");
}

function partsTable({ explanation, required, headroom, target }: ExplainedRecommendation): string {
  const head = ["part", "pods", "base", "of its pods", "together", "costs"];
  const sum = (title: string, amount: Resources): readonly string[] => [
    title,
    "",
    "",
    "",
    amountText(amount),
    "",
  ];
  const rows: (readonly string[])[] = [];
  if (explanation !== null) {
    const { base, apps } = explanation;
    for (const { app, pods, base: ofInstance, ofPods, costs, confidence, ...together } of apps) {
      const known = confidence === null ? costs : `${costs}, known to ${confidence.toFixed(2)}`;
      const amounts = [ofInstance, ofPods, together].map(amountText);
      rows.push([app, String(pods), ...amounts, known]);
    }
    rows.push(sum("the proxy itself", base));
  }
  rows.push(sum("required", required), sum("headroom", headroom), sum("target", target));
  return textTable(
    head,
    rows.map((row) => row.map((text) => ({ text }))),
    { hasColour: false },
  );
}

function seenText(explanation: ExplainedRecommendation["explanation"]): string {
  if (explanation === null) return "what such pods were seen to use among these workloads";
  const { demand, correction } = explanation;
  return `the proxy itself and the apps' parts, by what was seen times ${timesText(demand)}; placement counts ${timesText(correction)}`;
}

function changeText(change: ExplainedRecommendation["lastChange"]): string {
  if (change === null) return "none by this recommender";
  const { atMs, size, reason } = change;
  return `${new Date(atMs).toISOString()} to ${amountText(size)}: ${CHANGES[reason] ?? reason}`;
}

function capText(cap: Partial<Resources>): string {
  const { cpuMilli, memoryBytes } = cap;
  if (cpuMilli === undefined) return `${amountText({ ...noResources, ...cap }).split(" ")[1]} of memory`;
  return memoryBytes === undefined ? `${cpuMilli}m CPU` : amountText({ cpuMilli, memoryBytes });
}

function timesText({ cpu, memory }: { readonly cpu: number; readonly memory: number }): string {
  return `${cpu.toFixed(2)} CPU, ${memory.toFixed(2)} memory`;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
