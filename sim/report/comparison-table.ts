// A comparison for people: one line per policy, the whole cluster in each; mesh sizes as `before → after` against the
// sidecar mesh.

import { formatCpu, formatMemory } from "#model/quantity.ts";
import type { ComparedRun, ComparedTotals, Comparison } from "../engine/comparison.ts";
import { BASELINE_POLICY } from "../engine/policies.ts";
import { changesTable } from "./changes-table.ts";
import { changedPair, costChanges, furtherOf, riskOf } from "./sim-changes.ts";
import { coresText, countText, memoryText, ratioText, savedText } from "./figures.ts";
import { runSections } from "./run-sections.ts";
import { sectionText } from "./section-text.ts";
import { type Cell, type TableOptions, textTable } from "./text-table.ts";

export function comparisonTable(comparison: Comparison, options: TableOptions): string {
  const sections = [headline(comparison)];
  for (const [order, runs] of Map.groupBy(comparison.runs, (run) => run.order)) {
    const when = comparison.trace.isStatic ? `pods arrive ${ARRIVAL[order]}` : "at the peak of running pods";
    sections.push(`${when}\n${peakTable(runs, options)}`);
    if (runs.some(({ minimumNodes }) => minimumNodes !== undefined)) {
      sections.push(
        `nodes that would do, by taking nodes away until a pod waits\n${minimumTable(runs, options)}`,
      );
    }
    if (runs.some(({ average }) => average !== undefined)) {
      sections.push(`on average over the time in which pods arrive\n${averageTable(runs, options)}`);
    }
    for (const section of runSections(runs)) sections.push(sectionText(section, options));
    const pair = changedPair(runs);
    if (pair !== undefined) {
      const changes = [...costChanges(runs), ...riskOf(runs), ...furtherOf(runs)];
      sections.push(`${pair[0].policy} → ${pair[1].policy}, ${when}\n${changesTable(changes, options)}`);
    }
  }
  return `${sections.join("\n\n")}\n`;
}

const ARRIVAL = {
  file: "in the order of the file",
  grouped: "app by app",
  shuffled: "in random order",
} as const;

function headline({ trace, fleet, seed }: Comparison): string {
  const size =
    fleet.nodeSize === undefined
      ? ""
      : ` of ${formatCpu(fleet.nodeSize.cpuMilli)} CPU and ${formatMemory(fleet.nodeSize.memoryBytes)}`;
  const nodes =
    fleet.nodes === "auto" ? `as many nodes${size} as needed` : `${countText(fleet.nodes)} nodes${size}`;
  return `${trace.name}: ${countText(trace.pods)} pods of ${countText(trace.apps)} apps, ${nodes}, seed ${seed}`;
}

const PEAK_HEAD = [
  "policy",
  "pods",
  "unplaced",
  "overcommits",
  "over cap",
  "nodes",
  "at least",
  "instances",
  "at least",
  "reuse",
  "mesh memory",
  "",
  "mesh CPU",
  "resizes",
];

function peakTable(runs: readonly ComparedRun[], options: TableOptions): string {
  const before = runs.find(({ policy }) => policy === BASELINE_POLICY);
  const rows = runs.map((run): readonly Cell[] => {
    const { peak, bounds, resizes, pods } = run;
    return [
      { text: run.policy },
      { text: countText(peak.pods) },
      alarming(pods.unplaced, "yellow"),
      alarming(run.overcommits, "red"),
      alarming(run.capViolations, "yellow"),
      { text: countText(peak.nodesUsed) },
      { text: bounds.nodes === undefined ? "–" : countText(bounds.nodes) },
      { text: countText(peak.instances) },
      { text: countText(bounds.instances) },
      { text: ratioText(peak.reuse) },
      ...meshMemory(run, peak, before?.peak),
      { text: coresText(peak.meshCpuMilliGranted) },
      { text: countText(resizes.grown + resizes.shrunk) },
    ];
  });
  return textTable(PEAK_HEAD, rows, options);
}

function minimumTable(runs: readonly ComparedRun[], options: TableOptions): string {
  const rows = runs.flatMap(({ policy, bounds, minimumNodes: found }): (readonly Cell[])[] =>
    found === undefined
      ? []
      : [
          [
            { text: policy },
            { text: optionalCount(found.nodes) },
            { text: optionalCount(found.nodesMin) },
            { text: optionalCount(found.nodesMax) },
            { text: countText(found.rounds) },
            { text: optionalCount(bounds.nodes) },
            alarming(found.overcommits, "red"),
          ],
        ],
  );
  return textTable(["policy", "nodes", "fewest", "most", "rounds", "at least", "overcommits"], rows, options);
}

function optionalCount(value: number | undefined): string {
  return value === undefined ? "–" : countText(value);
}

const AVERAGE_HEAD = [
  "policy",
  "pods",
  "nodes",
  "nodes used",
  "instances",
  "reuse",
  "mesh memory",
  "",
  "mesh CPU",
];

function averageTable(runs: readonly ComparedRun[], options: TableOptions): string {
  const before = runs.find(({ policy }) => policy === BASELINE_POLICY);
  const rows = runs.flatMap((run): (readonly Cell[])[] => {
    const { average } = run;
    if (average === undefined) return [];
    return [
      [
        { text: run.policy },
        { text: countText(average.pods) },
        { text: countText(average.nodes) },
        { text: countText(average.nodesUsed) },
        { text: countText(average.instances) },
        { text: ratioText(average.reuse) },
        ...meshMemory(run, average, before?.average),
        { text: coresText(average.meshCpuMilliGranted) },
      ],
    ];
  });
  return textTable(AVERAGE_HEAD, rows, options);
}

function meshMemory(
  { policy }: ComparedRun,
  totals: ComparedTotals,
  before: ComparedTotals | undefined,
): readonly [Cell, Cell] {
  const after = memoryText(totals.meshMemoryBytesGranted);
  if (before === undefined || policy === BASELINE_POLICY) return [{ text: after }, { text: "" }];
  const share = totals.memorySavedShare ?? 0;
  return [
    { text: `${memoryText(before.meshMemoryBytesGranted)} → ${after}` },
    { text: savedText(totals.memorySavedShare), colour: share > 0 ? "green" : "red" },
  ];
}

function alarming(count: number, colour: "red" | "yellow"): Cell {
  return count === 0 ? { text: "0" } : { text: countText(count), colour };
}
