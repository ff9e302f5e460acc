// Parts of the simulator's report that not every run has: time, money, several bases of an instance.

import type { ComparedRun } from "../engine/comparison.ts";
import { BASELINE_POLICY, BERTH_POLICY } from "../engine/policies.ts";
import type { SeriesPoint } from "../engine/run-series.ts";
import type { BaseResult } from "../scenario/scenario-run.ts";
import { coresText, countText, memoryText, ratioText, savedText } from "./figures.ts";
import type { Block, DataCell, LineChart, Unit } from "./html/report-document.ts";

const LINES: readonly (readonly [caption: string, unit: Unit, value: (point: SeriesPoint) => number])[] = [
  ["Pods that run", "count", ({ pods }) => pods],
  ["Nodes in use", "count", ({ nodesUsed }) => nodesUsed],
  ["Instances", "count", ({ instances }) => instances],
  ["Memory of the mesh, as granted", "bytes", ({ meshMemoryBytesGranted }) => meshMemoryBytesGranted],
  ["Pods that wait for a node", "count", ({ waiting }) => waiting],
];

/** Nothing for a trace without times, and nothing for what is zero throughout. */
export function overTimeBlocks(runs: readonly ComparedRun[]): readonly Block[] {
  const timed = runs.filter(({ series }) => series.length > 1);
  if (timed.length === 0) return [];
  return LINES.flatMap(([caption, unit, value]): readonly Block[] => {
    const chart: LineChart = {
      caption,
      unit,
      lines: timed.map(({ policy, series }) => ({
        name: policy,
        isOurs: policy === BERTH_POLICY,
        points: series.map((point) => ({ atSeconds: point.atSeconds, value: value(point) })),
      })),
    };
    const isFlat = chart.lines.every(({ points }) => points.every((point) => point.value === 0));
    return isFlat ? [] : [{ kind: "lines", ...chart }];
  }).concat(averageChart(timed), averageTable(timed));
}

/** Instances over time against the least that the running pods needed, over the same time. */
function averageChart(runs: readonly ComparedRun[]): readonly Block[] {
  const bars = runs.flatMap(({ policy, average, bounds }) =>
    average === undefined
      ? []
      : [
          {
            name: policy,
            isOurs: policy === BERTH_POLICY,
            value: average.instances,
            bound: bounds.instancesAverage,
          },
        ],
  );
  if (bars.length === 0) return [];
  const caption = "Instances, on average over the time in which pods arrive";
  return [{ kind: "bars", caption, bars, format: countText, boundName: "at least" }];
}

function averageTable(runs: readonly ComparedRun[]): Block {
  return {
    kind: "table",
    caption: "On average over the time in which pods arrive",
    head: ["policy", "pods", "nodes in use", "instances", "pods per instance", "memory", "saved", "cores"],
    rows: runs.flatMap(({ policy, average }): (readonly DataCell[])[] =>
      average === undefined
        ? []
        : [
            [
              { text: policy },
              { text: countText(average.pods) },
              { text: countText(average.nodesUsed) },
              { text: countText(average.instances) },
              { text: ratioText(average.reuse) },
              { text: memoryText(average.meshMemoryBytesGranted) },
              policy === BASELINE_POLICY ? { text: "–" } : shareCell(average.memorySavedShare),
              { text: coresText(average.meshCpuMilliGranted) },
            ],
          ],
    ),
  };
}

export function moneyBlocks({ money }: BaseResult): readonly Block[] {
  const [first] = money ?? [];
  if (money === undefined || first === undefined) return [];
  const amount = (value: number | undefined): DataCell => ({
    text: value === undefined ? "–" : value.toLocaleString("en-US", { maximumFractionDigits: 2 }),
  });
  return [
    {
      kind: "table",
      caption: `Nodes, in ${first.currency}${first.isMeanPrice ? ", those in use at the mean price of all" : ""}`,
      head: ["policy, order of arrival", "all, per hour", "in use, per hour", "all", "in use"],
      rows: money.map(({ policy, order, perHour, usedPerHour, total, usedTotal }) => [
        { text: `${policy}, ${order}` },
        amount(perHour),
        amount(usedPerHour),
        amount(total),
        amount(usedTotal),
      ]),
    },
  ];
}

/** Nothing where there is only one. */
export function baseBlocks(results: readonly BaseResult[]): readonly Block[] {
  if (results.length < 2) return [];
  const rows = results.flatMap(({ base, instanceBase, comparison }) =>
    comparison.runs
      .filter(({ policy }) => policy === BERTH_POLICY)
      .map(({ order, peak }): readonly DataCell[] => [
        { text: `${memoryText(instanceBase.memoryBytes)}: ${base}; ${order}` },
        { text: countText(peak.nodesUsed) },
        { text: countText(peak.instances) },
        { text: memoryText(peak.meshMemoryBytesGranted) },
        shareCell(peak.memorySavedShare),
        { text: coresText(peak.meshCpuMilliGranted) },
        shareCell(peak.cpuSavedShare),
      ]),
  );
  if (rows.length === 0) return [];
  return [
    {
      kind: "table",
      caption: "Berth with each base of an instance",
      head: ["a bare instance takes", "nodes in use", "instances", "memory", "saved", "cores", "saved"],
      rows,
    },
    {
      kind: "text",
      text: "About 200 MB is what was published of a bare NodeSentry instance. What Berth's own proxy takes, 13.4 MB, is measured by its density bench, idle; it is less since that proxy does less. Saved is against the sidecars of the same run.",
    },
  ];
}

function shareCell(share: number | undefined): DataCell {
  return {
    text: savedText(share) || "–",
    tone: share === undefined ? undefined : share >= 0 ? "good" : "bad",
  };
}
