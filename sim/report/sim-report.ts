// A comparison of policies as a report for the browser: what each takes and how far that is from the least possible, how it
// goes over time, what goes wrong, and how much hangs on what a bare instance costs.

import type { ComparedRun, Comparison } from "../engine/comparison.ts";
import { BASELINE_POLICY, BERTH_POLICY } from "../engine/policies.ts";
import type { BaseResult, ScenarioReport } from "../scenario/scenario-run.ts";
import { coresText, countText, memoryText, ratioText, savedText } from "./figures.ts";
import type { Bar, Block, DataCell, Provenance, ReportDocument, Section } from "./html/report-document.ts";
import { type Figure, figureTable } from "./report-table.ts";
import { meshBound } from "./mesh-bound.ts";
import { changedPair, costChanges, riskOf } from "./sim-changes.ts";
import { runSections } from "./run-sections.ts";
import { sectionBlocks } from "./section-blocks.ts";
import { baseBlocks, moneyBlocks, overTimeBlocks } from "./sim-report-parts.ts";

export interface SimReport {
  readonly report: ScenarioReport;
  /** Bounds are those of the linear program. */
  readonly hasLinearBounds: boolean;
  /** Sentences on what was taken for granted. */
  readonly assumptions: readonly string[];
  readonly provenance: Provenance;
}

/** The report's figures are those of the first base of an instance; the others stand beside it in a section of their own. */
export function simReport({ report, hasLinearBounds, assumptions, provenance }: SimReport): ReportDocument {
  const [first] = report.results;
  if (first === undefined) throw new Error("a report has a base of an instance");
  const { comparison } = first;
  const { runs } = comparison;
  const byOrder = [...Map.groupBy(runs, ({ order }) => order)];
  return {
    title: "What does the mesh cost under each policy?",
    subject: `${comparison.trace.name}: ${countText(comparison.trace.pods)} pods of ${countText(comparison.trace.apps)} apps on ${fleetText(comparison)}. A bare instance takes ${memoryText(first.instanceBase.memoryBytes)} (${first.base}).`,
    changes: [...costChanges(runs), ...riskOf(runs)],
    changesNote: changesNote(runs, comparison),
    sections: [
      ...byOrder.map(([order, ordered]) => costSection(order, ordered, first)),
      ...sectionOf("time", "How does it go over time?", overTimeBlocks(runs)),
      ...sectionOf("money", "What do the nodes cost?", moneyBlocks(first)),
      {
        id: "trouble",
        title: "What goes wrong, and how much has to be changed?",
        blocks: byOrder.map(([order, ordered]) => troubleTable(order, ordered)),
      },
      ...byOrder.flatMap(([order, ordered]) =>
        runSectionsOf(order, ordered, byOrder.length === 1 ? "" : `pods arrive ${ARRIVALS[order]}`),
      ),
      ...sectionOf("base", "How much hangs on what a bare instance costs?", baseBlocks(report.results)),
      {
        id: "methods",
        title: "What is assumed, and how is it reckoned?",
        blocks: methodBlocks(assumptions, hasLinearBounds),
      },
      { id: "figures", title: "Where is every figure?", blocks: everyFigure(first) },
    ],
    provenance,
  };
}

function sectionOf(id: string, title: string, blocks: readonly Block[]): readonly Section[] {
  return blocks.length === 0 ? [] : [{ id, title, blocks }];
}

function fleetText({ fleet }: Comparison): string {
  const size =
    fleet.nodeSize === undefined
      ? ""
      : ` of ${coresText(fleet.nodeSize.cpuMilli)} cores and ${memoryText(fleet.nodeSize.memoryBytes)}`;
  return fleet.nodes === "auto" ? `as many nodes${size} as needed` : `${countText(fleet.nodes)} nodes${size}`;
}

function changesNote(runs: readonly ComparedRun[], { trace }: Comparison): string {
  const pair = changedPair(runs);
  if (pair === undefined) return "Only one policy was run, so that there is nothing to compare it with.";
  const when = trace.isStatic ? `with pods that arrive ${ARRIVALS[pair[1].order]}` : "when most pods run";
  return `Before: ${pair[0].policy}. After: ${pair[1].policy}. Both ${when}.`;
}

const ARRIVALS: Readonly<Record<ComparedRun["order"], string>> = {
  file: "in the order of the file",
  grouped: "app by app",
  shuffled: "in random order",
};

function costSection(order: ComparedRun["order"], runs: readonly ComparedRun[], result: BaseResult): Section {
  const when = result.comparison.trace.isStatic
    ? `when pods arrive ${ARRIVALS[order]}`
    : "when most pods run";
  return {
    id: `cost-${order}`,
    title: `What does the mesh take ${when}, and how near is that to the least possible?`,
    blocks: [
      ...costCharts(runs, result),
      {
        kind: "table",
        caption: `Policies ${when}`,
        head: [
          "policy",
          "pods",
          "nodes in use",
          "instances",
          "pods per instance",
          "memory",
          "saved",
          "cores",
          "saved",
        ],
        rows: runs.map(costRow),
      },
      {
        kind: "text",
        text: "The red line is the least that the running pods need under that policy's mesh, wherever they are; for memory and CPU it is what the least instances, the least nodes and all pods cost. A policy that overcommits nodes can be below it. Sidecars take the same wherever they are.",
      },
    ],
  };
}

function costCharts(runs: readonly ComparedRun[], { costs }: BaseResult): readonly Block[] {
  const chart = (
    caption: string,
    value: (run: ComparedRun) => number,
    { bound, format = countText }: CostBound,
  ): Block => ({
    kind: "bars",
    caption,
    bars: runs.map((run): Bar => ({
      name: run.policy,
      value: value(run),
      isOurs: run.policy === BERTH_POLICY,
      bound: bound(run),
    })),
    format,
    boundName: "at least",
  });
  const nodesBound = { bound: ({ bounds }: ComparedRun) => bounds.nodes };
  return [
    chart("Nodes in use", ({ peak }) => peak.nodesUsed, nodesBound),
    ...(runs.some(({ minimumNodes }) => minimumNodes?.nodes !== undefined)
      ? [
          chart(
            "Nodes that would do, by taking nodes away until a pod waits",
            ({ minimumNodes }) => minimumNodes?.nodes ?? 0,
            nodesBound,
          ),
        ]
      : []),
    chart("Instances", ({ peak }) => peak.instances, { bound: ({ bounds }) => bounds.instances }),
    chart("Memory of the mesh", ({ peak }) => peak.meshMemoryBytesGranted, {
      bound: (run) => meshBound(run, costs)?.memoryBytes,
      format: memoryText,
    }),
    chart("CPU cores of the mesh", ({ peak }) => peak.meshCpuMilliGranted, {
      bound: (run) => meshBound(run, costs)?.cpuMilli,
      format: coresText,
    }),
  ];
}

interface CostBound {
  readonly bound: (run: ComparedRun) => number | undefined;
  readonly format?: (value: number) => string;
}

function costRow({ policy, peak }: ComparedRun): readonly DataCell[] {
  return [
    { text: policy },
    { text: countText(peak.pods) },
    { text: countText(peak.nodesUsed) },
    { text: countText(peak.instances) },
    { text: ratioText(peak.reuse) },
    { text: memoryText(peak.meshMemoryBytesGranted) },
    saved(policy, peak.memorySavedShare),
    { text: coresText(peak.meshCpuMilliGranted) },
    saved(policy, peak.cpuSavedShare),
  ];
}

function saved(policy: string, share: number | undefined): DataCell {
  if (policy === BASELINE_POLICY || share === undefined) return { text: "–" };
  return { text: savedText(share), tone: share >= 0 ? "good" : "bad" };
}

function troubleTable(order: ComparedRun["order"], runs: readonly ComparedRun[]): Block {
  return {
    kind: "table",
    caption: `Pods arrive ${ARRIVALS[order]}`,
    head: [
      "policy",
      "never placed",
      "waiting at most",
      "overcommits",
      "over the app's limit",
      "proxies grown",
      "proxies shrunk",
    ],
    rows: runs.map(({ policy, pods, overcommits, capViolations, resizes }) => [
      { text: policy },
      alarming(pods.unplaced, "warning"),
      { text: countText(pods.waitingMax) },
      alarming(overcommits, "bad"),
      alarming(capViolations, "warning"),
      { text: countText(resizes.grown) },
      { text: countText(resizes.shrunk) },
    ]),
  };
}

function runSectionsOf(
  order: ComparedRun["order"],
  runs: readonly ComparedRun[],
  of: string,
): readonly Section[] {
  return runSections(runs).map((section, index) => ({
    id: `more-${order}-${index}`,
    title: of === "" ? section.title : `When ${of}: ${lowered(section.title)}`,
    blocks: sectionBlocks(section, of),
  }));
}

function lowered(title: string): string {
  return `${title.slice(0, 1).toLowerCase()}${title.slice(1)}`;
}

function alarming(count: number, tone: "bad" | "warning"): DataCell {
  return { text: countText(count), tone: count === 0 ? undefined : tone };
}

function methodBlocks(assumptions: readonly string[], hasLinearBounds: boolean): readonly Block[] {
  const bound = hasLinearBounds
    ? "Bounds are those of a linear program over apps and kinds of nodes, with the fewest nodes that each app must be on (minimum classes: arXiv 2509.10075), or of plain sums where those are higher."
    : "Bounds are plain sums: each app has as many instances as its limit per node calls for, and the largest nodes come first. They are valid and not tight; --bounds lp gives better ones.";
  return [
    ...assumptions.map((text): Block => ({ kind: "text", text })),
    {
      kind: "text",
      text: "The production code decides: the extender's placement and the recommender's sizing run on a virtual clock, over the production ledger. Bindings and resizes succeed at once, unless the scenario says otherwise. An overcommit is a placement after which all requests and what the mesh requires exceed the node.",
    },
    { kind: "text", text: bound },
    {
      kind: "text",
      text: "How soon applications start is not modelled: where the scenario gives times, what follows from them is reckoned, and nothing else is claimed. One seed gives one answer: run a sweep for intervals.",
    },
  ];
}

// Also what no chart shows, and what a run has learned to tell since.
function everyFigure({ comparison }: BaseResult): readonly Block[] {
  const { columns, rows } = figureTable("runs", comparison.runs);
  const table: Block = {
    kind: "table",
    caption: "Figures of each run, by name",
    head: ["figure", ...comparison.runs.map(({ policy, order }) => `${policy}, ${order}`)],
    rows: columns.flatMap((name, column) =>
      name === "policy" || name === "order"
        ? []
        : [[name, ...rows.map((row) => row[column] ?? null)].map(figureCell)],
    ),
  };
  return [
    { kind: "fold", title: `The figures of ${countText(comparison.runs.length)} runs`, blocks: [table] },
    {
      kind: "text",
      text: "--csv FOLDER and --parquet FOLDER write them for programs, --json as one document.",
    },
  ];
}

const DIGITS_MAX = 4;

function figureCell(figure: Figure): DataCell {
  if (figure === null) return { text: "–" };
  return {
    text:
      typeof figure === "number"
        ? figure.toLocaleString("en-US", { maximumFractionDigits: DIGITS_MAX })
        : String(figure),
  };
}
