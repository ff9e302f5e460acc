// An app's mesh for people: the totals first, then what it costs, may use and is lent, then a row for each instance.

import type { AppCost, Quota } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import { amountText } from "#scheduler-extender/shell/amount-text.ts";
import { memoryText, ratioText } from "#sim/report/figures.ts";
import { type Cell, textTable } from "#sim/report/text-table.ts";
import type { AppCosts, AppExplanation, ExplainedInstance, Throttling } from "#web/policy/app-explanation.ts";
import { counted } from "../counted.ts";

export interface AppTextOptions {
  readonly hasColour: boolean;
  readonly isWide: boolean;
  readonly nowMs: number;
}

/** More rows are counted: --output=wide shows all. */
const ROWS_MAX = 20;

export function appText(explanation: AppExplanation, options: AppTextOptions): string {
  const { app, pods, pending, reuse, instances, missing } = explanation;
  const waiting = pending === 0 ? "" : `, ${pending} more wait for a node`;
  const shared = instances.length === 0 ? "" : `: reuse ${ratioText(reuse ?? undefined)}`;
  const where = `${counted(pods, "pod")} on ${counted(instances.length, "node")}, an instance on each`;
  const head = `${app}: ${where}${shared}${waiting}`;
  const facts = [
    ["profile", profileText(explanation)],
    ["placement", placementText(explanation)],
    ["quota", quotaText(explanation.quota)],
    ["lending", lendingText(explanation)],
    ["throttling", throttlingText(explanation)],
    ["release", releaseText(explanation)],
    ["costs", costsText(explanation.costs)],
  ] as const;
  const lines = facts.map(([name, text]) => `  ${name.padEnd(10)}  ${text}`);
  const unknown = missing.map((what) => `not known: ${what}`);
  return [
    head,
    "",
    ...lines,
    indented(costTable(explanation.costs)),
    "",
    instanceTable(instances, options),
    ...(unknown.length === 0 ? [] : ["", ...unknown]),
    "",
  ].join("\n");
}

function profileText({ profile, ports, isolation }: AppExplanation): string {
  const where =
    ports === null ? "no ports yet" : `ports ${ports.inbound} inbound and ${ports.outbound} outbound`;
  const whose = profile === "own" ? "its own" : "none of its own: the default one counts";
  return `${whose}; ${where}; instances in a ${isolation} each`;
}

function placementText({ placement: { maxPodsPerNode, maxPodsPerZone } }: AppExplanation): string {
  const limits = [
    ...(maxPodsPerNode === undefined ? [] : [`at most ${maxPodsPerNode} pods on a node`]),
    ...(maxPodsPerZone === undefined ? [] : [`at most ${maxPodsPerZone} pods in a zone`]),
  ];
  return limits.length === 0 ? "no limits" : limits.join(", ");
}

const QUOTAS: Readonly<Record<keyof Quota, (value: number) => string>> = {
  cpuMilli: (value) => `${value}m CPU`,
  memoryBytes: (value) => `${memoryText(value)} memory`,
  connections: (value) => `${value} connections`,
  fileDescriptors: (value) => `${value} sockets`,
  requestsPerSecond: (value) => `${value} requests/s`,
  burst: (value) => `bursts of ${value}`,
  concurrency: (value) => `${value} requests at once`,
  queue: (value) => `${value} more waiting`,
  queueMs: (value) => `for ${value} ms`,
  requestMs: (value) => `${value} ms a request`,
  receivedBytesPerSecond: (value) => `${memoryText(value)}/s from clients`,
  sentBytesPerSecond: (value) => `${memoryText(value)}/s to clients`,
};

function quotaText(quota: Quota): string {
  const limits = (Object.keys(QUOTAS) as (keyof Quota)[]).flatMap((key) => {
    const value = quota[key];
    return value === undefined ? [] : [QUOTAS[key](value)];
  });
  return limits.length === 0 ? "none of its own" : `an instance: ${limits.join(", ")}`;
}

function lendingText({ lending }: AppExplanation): string {
  if (lending === null) return "not known, as is what its instances use";
  const { guaranteed, borrowed, lendable } = lending;
  return `guaranteed ${whole(guaranteed)}; of that ${whole(lendable)} idle and lent, beyond it ${whole(borrowed)} borrowed`;
}

function throttlingText({ instances }: AppExplanation): string {
  const known = instances.flatMap(({ throttling }) => throttling ?? []);
  if (known.length === 0) return "not known: no proxy was asked";
  const requests = sum(known.map((one) => one.requests));
  const heldSeconds = sum(known.map((one) => one.heldSeconds));
  const reasons = refusedText(known);
  const refused = reasons === "" ? "none refused" : `refused ${reasons}`;
  const of =
    known.length === instances.length ? "" : ` (${known.length} of ${instances.length} instances asked)`;
  return `${requests} requests, ${refused}; held back for ${heldSeconds.toFixed(1)} s${of}`;
}

function refusedText(all: readonly Throttling[]): string {
  const totals = new Map<string, number>();
  for (const { refused } of all)
    for (const [reason, count] of Object.entries(refused))
      totals.set(reason, (totals.get(reason) ?? 0) + count);
  return [...totals].map(([reason, count]) => `${count} (${reason})`).join(", ");
}

function releaseText({ release }: AppExplanation): string {
  if (release === null) return "not recorded: every node has what the profile says";
  const { phase, settledVersion, targetVersion, nodes, message } = release;
  const version = targetVersion === null ? settledVersion : `${settledVersion} → ${targetVersion}`;
  const turn = targetVersion === null ? "" : `, ${nodes.updated} of ${nodes.total} nodes have it`;
  return `${phase}, version ${version}${turn}${message === "" ? "" : `: ${message}`}`;
}

const SOURCES = {
  instances: "readings of its instances",
  totals: "readings of whole proxies, in which its part is told by the pods",
} as const;

function costsText({ charged, learned }: AppCosts): string {
  const counts = charged === "learned" ? "the learned ones are charged" : "the profile's are charged";
  if (learned === null) return `${counts}: nothing is learned yet`;
  const { confidence, samples, from } = learned;
  const readings = from === null ? "readings" : SOURCES[from];
  return `${counts}: learned from ${samples ?? "some"} ${readings}, known to ${confidence.toFixed(2)} (0.50 is enough)`;
}

function costTable({ given, learned }: AppCosts): string {
  const head = ["", "a bare instance", "each pod", "a connection", "1,000 requests/s", "traffic of a pod"];
  const row = (name: string, cost: AppCost): readonly string[] => [
    name,
    fine(cost.base),
    fine(cost.perPod),
    fine(cost.perConnection),
    fine(cost.perKiloRps),
    `${cost.connectionsPerPod.toFixed(1)} connections, ${(cost.kiloRpsPerPod * 1000).toFixed(1)} requests/s`,
  ];
  const rows = [row("given", given), ...(learned === null ? [] : [row("learned", learned.cost)])];
  return textTable(head, rows.map(cells), { hasColour: false });
}

function instanceTable(
  instances: readonly ExplainedInstance[],
  { hasColour, isWide, nowMs }: AppTextOptions,
): string {
  if (instances.length === 0) return "no instance: no pod of it runs";
  const head = ["node", "pods", "needs", "guaranteed", "cap", "uses", "connections", "requests/s"];
  const more = isWide ? ["measured", "cpu limit now", "held back", "refused"] : [];
  const shown = isWide ? instances : instances.slice(0, ROWS_MAX);
  const rows = shown.map((instance): readonly Cell[] => {
    const { node, pods, needs, share, used } = instance;
    const texts = [
      node,
      String(pods),
      amountText(needs),
      share === null ? "–" : amountText(share.guaranteed),
      share === null ? "–" : amountText(share.cap),
      used === null ? "–" : whole(used),
      used === null ? "–" : used.connections.toFixed(0),
      used === null ? "–" : used.requestsPerSecond.toFixed(1),
      ...(isWide ? wideTexts(instance, nowMs) : []),
    ];
    const isHeld = used?.isThrottled === true;
    return texts.map((text, column): Cell =>
      isHeld && column === 5 ? { text, colour: "yellow" } : { text },
    );
  });
  const hidden = instances.length - shown.length;
  const rest = hidden === 0 ? "" : `\nand ${hidden} more: --output=wide`;
  return `${textTable([...head, ...more], rows, { hasColour })}${rest}`;
}

function wideTexts({ measuredAtMs, throttling }: ExplainedInstance, nowMs: number): readonly string[] {
  const age = measuredAtMs === null ? "–" : `${Math.max(0, Math.round((nowMs - measuredAtMs) / 1000))} s ago`;
  if (throttling === null) return [age, "–", "–", "–"];
  const { cpuLimitCores, heldSeconds } = throttling;
  const limit = cpuLimitCores === null ? "none" : `${Math.round(cpuLimitCores * 1000)}m`;
  return [age, limit, `${heldSeconds.toFixed(1)} s`, refusedText([throttling]) || "none"];
}

function cells(texts: readonly string[]): readonly Cell[] {
  return texts.map((text) => ({ text }));
}

function whole({ cpuMilli, memoryBytes }: Resources): string {
  return amountText({ cpuMilli: Math.round(cpuMilli), memoryBytes });
}

/** Learned coefficients are fractions of a millicore, and kibibytes. */
function fine({ cpuMilli, memoryBytes }: Resources): string {
  return `${Number(cpuMilli.toPrecision(3))}m ${memoryText(memoryBytes)}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
