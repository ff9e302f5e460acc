// What of a run's own sections is worth seeing at a glance, as bars: one for each run, or for each way to size its proxies.

import type { ComparedRun } from "../engine/comparison.ts";
import { BERTH_POLICY } from "../engine/policies.ts";
import type { SizingResult, UsageResult } from "../engine/usage-run.ts";
import { countText, memoryText, percentText, secondsText } from "./figures.ts";
import type { Bar, BarChart } from "./html/report-document.ts";

export function pendingCharts(runs: readonly ComparedRun[]): readonly BarChart[] {
  return [
    {
      caption: "Seconds until a node; 99 % of the pods have one sooner",
      bars: runs.map((run) => barOf(run, run.pending.secondsP99 ?? 0)),
      format: secondsText,
    },
  ];
}

export function shortfallCharts(runs: readonly ComparedRun[]): readonly BarChart[] {
  const resized = runs.filter(({ resizing }) => resizing !== undefined);
  const short = (resource: "cpu" | "memory"): readonly Bar[] =>
    resized.map((run) => barOf(run, run.resizing?.shortfall[`${resource}NodeSeconds`] ?? 0));
  return [
    { caption: "Node-seconds in which a proxy was short of CPU", bars: short("cpu"), format: countText },
    {
      caption: "Node-seconds in which a proxy was short of memory",
      bars: short("memory"),
      format: countText,
    },
  ];
}

/** Held against the oracle where it was asked for, which knows what comes. */
export function usageCharts(runs: readonly ComparedRun[]): readonly BarChart[] {
  const used = runs.filter(({ usage }) => usage !== undefined);
  const bars = (
    value: (sizing: SizingResult, usage: UsageResult) => number,
    isBounded: boolean,
  ): readonly Bar[] =>
    used.flatMap(({ policy, usage }) =>
      (usage?.sizings ?? []).map((sizing): Bar => {
        const oracle = usage?.sizings.find(({ sizing: name }) => name === "oracle");
        const name = used.length === 1 ? sizing.sizing : `${policy}, ${sizing.sizing}`;
        return {
          name,
          isOurs: policy === BERTH_POLICY && sizing.sizing === "feedback",
          value: usage === undefined ? 0 : value(sizing, usage),
          bound: !isBounded || oracle === undefined || usage === undefined ? undefined : value(oracle, usage),
        };
      }),
    );
  return [
    {
      caption: "Minutes in which a proxy wanted more CPU than it had, in % of all node-minutes",
      bars: bars(
        ({ throttledNodeMinutes }, { nodeMinutes }) =>
          nodeMinutes === 0 ? 0 : throttledNodeMinutes / nodeMinutes,
        false,
      ),
      format: percentText,
    },
    {
      caption: "Kills for lack of memory",
      bars: bars(({ oomKills }) => oomKills, false),
      format: countText,
    },
    {
      caption: "Memory of a proxy, mean over node-minutes",
      bars: bars(({ memoryBytesMean }) => memoryBytesMean, true),
      format: memoryText,
      boundName: "oracle",
      gapName: "against it",
    },
    {
      caption: "CPU of a proxy in millicores, mean over node-minutes",
      bars: bars(({ cpuMilliMean }) => cpuMilliMean, true),
      format: countText,
      boundName: "oracle",
      gapName: "against it",
    },
  ];
}

function barOf({ policy }: ComparedRun, value: number): Bar {
  return { name: policy, value, isOurs: policy === BERTH_POLICY };
}
