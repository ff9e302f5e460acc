// "Why does this node's proxy have this size?": the parts that add up to it, as the recommender tells them.

import type { Resources } from "#model/resources.ts";
import type { ExplainedRecommendation, NodeReply } from "#vpa-recommender/policy/recommendation.ts";
import { plural } from "./format.ts";
import type { SizeColumns } from "./size-history.ts";
import { CHANGES, CONDITIONS, MODES, PLANS } from "./size-words.ts";
import { pairText } from "./why-pod.ts";

export interface WhySizeView {
  /** Nodes to choose from: those whose proxy is short, then the largest; or those that were searched for. */
  readonly nodes: readonly ProxyLine[];
  readonly nodesCount: number;
  readonly reply: NodeReply | null;
  /** Why there is no answer about the node that was asked about. */
  readonly refusal: string | null;
  readonly history: SizeColumns | null;
}

export interface ProxyLine {
  readonly node: string;
  readonly pods: number;
  readonly apps: number;
  readonly has: Resources;
  readonly required: Resources;
}

export interface SizePart {
  readonly part: string;
  readonly pods: number | null;
  readonly amount: Resources;
  readonly note: string;
  /** A sum of what stands above it. */
  readonly isSum: boolean;
}

export interface SizeStory {
  readonly headline: string;
  readonly parts: readonly SizePart[];
  /** What else bears on the size, each a sentence. */
  readonly facts: readonly string[];
}

export function sizeStory(recommendation: ExplainedRecommendation): SizeStory {
  const { current, target, plan, explanation, required, headroom } = recommendation;
  const parts: SizePart[] = [];
  if (explanation !== null) {
    const plain = { pods: null, isSum: false };
    parts.push({ part: "the proxy itself", amount: explanation.base, note: "without any app", ...plain });
    for (const { app, pods, base, ofPods, costs, confidence, ...amount } of explanation.apps) {
      const known =
        confidence === null || confidence < 0.005 ? "" : `, known to ${Math.round(confidence * 100)} %`;
      const note = `${pairText(base)} for the instance, ${pairText(ofPods)} for its pods; costs ${costs}${known}`;
      parts.push({ part: app, pods, amount, note, isSum: false });
    }
    const pooling = poolingText(explanation.demand);
    parts.push({ part: "required", pods: null, amount: required, note: pooling, isSum: true });
  } else parts.push({ part: "required", pods: null, amount: required, note: "as seen", isSum: true });
  parts.push(
    {
      part: "headroom",
      pods: null,
      amount: headroom,
      note: "so that most pods need no resize",
      isSum: false,
    },
    { part: "target", pods: null, amount: target, note: "", isSum: true },
  );
  return {
    headline: `The proxy has ${pairText(current)}; its target is ${pairText(target)}: ${PLANS[plan] ?? plan}.`,
    parts,
    facts: facts(recommendation),
  };
}

function facts(recommendation: ExplainedRecommendation): readonly string[] {
  const { explanation, ceiling, free, cap, mode, conditions } = recommendation;
  const lines: string[] = [];
  const { pooled } = explanation ?? {};
  if (pooled !== undefined)
    lines.push(`${pairText(pooled)} saved by pooling: the apps' peaks do not come at the same time.`);
  if (explanation !== null) {
    const { cpu, memory } = explanation.correction;
    lines.push(
      `Placement counts the model's sum times ${cpu.toFixed(2)} in CPU and ${memory.toFixed(2)} in memory, by what the node was seen to need.`,
    );
  }
  lines.push(
    `The node has room for a proxy of ${pairText(ceiling)}; that is ${pairText(free)} more than it has.`,
  );
  const { cpuMilli, memoryBytes } = cap;
  if (cpuMilli !== undefined || memoryBytes !== undefined)
    lines.push(`Its autoscaler caps it at ${capText(cap)}.`);
  if (mode !== "InPlace") lines.push(`Update mode ${mode}: ${MODES[mode]}.`);
  for (const condition of conditions) lines.push(`${condition}: ${CONDITIONS[condition]}.`);
  return lines;
}

function capText({ cpuMilli, memoryBytes }: Partial<Resources>): string {
  if (cpuMilli !== undefined && memoryBytes !== undefined) return pairText({ cpuMilli, memoryBytes });
  const [cpu, memory] = pairText({ cpuMilli: cpuMilli ?? 0, memoryBytes: memoryBytes ?? 0 }).split(", ");
  return cpuMilli === undefined ? `${memory} of memory` : `${cpu}`;
}

function poolingText({ cpu, memory }: { readonly cpu: number; readonly memory: number }): string {
  if (cpu === 1 && memory === 1) return "the sum of what stands above";
  return `the proxy itself, and the apps' sum times ${cpu.toFixed(2)} in CPU and ${memory.toFixed(2)} in memory, by what was seen`;
}

/** When it was, to what and why; times as the cluster's clock has them, which in a simulated fleet runs ahead of ours. */
export function lastChangeText(
  change: ExplainedRecommendation["lastChange"],
  timeText: (atMs: number) => string,
): string {
  if (change === null) return "This recommender has not changed it yet.";
  const { atMs, size, reason } = change;
  return `Last changed at ${timeText(atMs)} to ${pairText(size)}: ${CHANGES[reason] ?? reason}.`;
}

/** A span of time, in its largest unit. */
export function spanText(spanMs: number): string {
  const seconds = Math.max(0, Math.round(spanMs / 1000));
  if (seconds < 90) return plural(seconds, "second");
  if (seconds < 90 * 60) return plural(Math.round(seconds / 60), "minute");
  if (seconds < 36 * 3600) return plural(Math.round(seconds / 3600), "hour");
  return plural(Math.round(seconds / 86_400), "day");
}
