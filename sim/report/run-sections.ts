// What a comparison tells beyond what the mesh takes, one row for each run: the same sections in the terminal and in the
// browser. A section that no run has figures for is left out.

import type { ComparedRun } from "../engine/comparison.ts";
import { countText, memoryText, secondsText } from "./figures.ts";
import type { BarChart } from "./html/report-document.ts";
import type { ReportSection, SectionCell } from "./report-section.ts";
import { surveySections } from "./survey-sections.ts";
import { BERTH_POLICY } from "../engine/policies.ts";
import { pendingCharts, shortfallCharts, usageCharts } from "./run-charts.ts";

/** @param runs of one order of arrival. */
export function runSections(runs: readonly ComparedRun[]): readonly ReportSection[] {
  const sections = SECTIONS.flatMap(({ rowsOf, chartsOf, ...section }) => {
    const rows = runs.flatMap(rowsOf);
    return rows.length === 0 ? [] : [Object.assign({ rows, charts: chartsOf?.(runs) ?? [] }, section)];
  });
  const surveyed = runs.flatMap(({ policy, survey, instancesSavedPerNodeByPlacement }) =>
    survey === undefined
      ? []
      : [
          {
            name: policy,
            survey,
            isOurs: policy === BERTH_POLICY,
            savedPerNodeByPlacement: instancesSavedPerNodeByPlacement,
          },
        ],
  );
  return [...surveySections(surveyed), ...sections];
}

interface SectionKind extends Omit<ReportSection, "rows" | "charts"> {
  readonly chartsOf?: (runs: readonly ComparedRun[]) => readonly BarChart[];
  readonly rowsOf: (run: ComparedRun, index: number, runs: readonly ComparedRun[]) => SectionRows;
}

type SectionRows = readonly (readonly SectionCell[])[];

const SECTIONS: readonly SectionKind[] = [
  {
    name: "Waiting",
    chartsOf: pendingCharts,
    title: "How long do pods wait for a node?",
    note: "From creation to placement, of all pods that were placed.",
    head: ["policy", "waited", "never placed", "p50", "p90", "p99", "longest"],
    rowsOf: ({ policy, pending }, _, runs) => {
      if (runs.every((run) => run.pending.waited === 0)) return [];
      const { waited, neverPlaced, secondsP50, secondsP90, secondsP99, secondsMax } = pending;
      const times = [secondsP50, secondsP90, secondsP99, secondsMax];
      return [[text(policy), count(waited), alarming(neverPlaced, "warning"), ...times.map(seconds)]];
    },
  },
  {
    name: "Resizes",
    chartsOf: shortfallCharts,
    title: "What becomes of resizes, and how long do proxies have less than they need?",
    note: "Node-seconds are summed over all nodes; the worst node's are its own.",
    head: [
      "policy",
      "made",
      "deferred",
      "refused",
      "short of CPU, node-seconds",
      "worst node",
      "short of memory, node-seconds",
      "worst node",
      "overcommits",
    ],
    rowsOf: ({ policy, resizing, overcommits }) => {
      if (resizing === undefined) return [];
      const { made, deferred, refused, shortfall } = resizing;
      return [
        [
          text(policy),
          count(made),
          count(deferred),
          count(refused),
          alarming(shortfall.cpuNodeSeconds, "warning"),
          count(shortfall.cpuWorstNodeSeconds),
          alarming(shortfall.memoryNodeSeconds, "bad"),
          count(shortfall.memoryWorstNodeSeconds),
          alarming(overcommits, "bad"),
        ],
      ];
    },
  },
  {
    name: "Late views",
    title: "What does it do that the schedulers see things late?",
    note: "Kubelet turns away pods that do not fit what is there; each is made anew and tried again.",
    head: ["policy", "seen after", "turned away for room", "node had gone", "retries", "overcommits"],
    rowsOf: ({ policy, watch, overcommits }) =>
      watch === undefined
        ? []
        : [
            [
              text(policy),
              seconds(watch.lagMs / 1000),
              alarming(watch.rejectedForRoom, "warning"),
              alarming(watch.rejectedWithNode, "warning"),
              count(watch.retries),
              alarming(overcommits, "bad"),
            ],
          ],
  },
  {
    name: "Instances",
    title: "How often do instances start, and what do those cost that linger?",
    note: "A pod waits if it was placed before its app's instance listened.",
    head: [
      "policy",
      "starts",
      "spared by lingering",
      "lingering, hours",
      "core-hours",
      "GiB-hours",
      "pods that waited",
      "on average",
      "longest",
    ],
    rowsOf: ({ policy, instances }) =>
      instances === undefined
        ? []
        : [
            [
              text(policy),
              count(instances.starts),
              count(instances.startsSpared),
              amount(instances.lingeringHours),
              amount(instances.lingeringCoreHours),
              amount(instances.lingeringGibHours),
              count(instances.podsWaited),
              seconds(instances.waitSecondsMean),
              seconds(instances.waitSecondsMax),
            ],
          ],
  },
  {
    name: "Sizing",
    chartsOf: usageCharts,
    title: "What do proxies of each sizing lack when their instances use what they really do?",
    note: "A kill for lack of memory interrupts every app on the node; apps and pods are summed over kills. Sizes are means over node-minutes. Where the node had no room, no size would have helped: all sizings but the template are held to it.",
    head: [
      "policy",
      "sizing",
      "node-minutes",
      "node had no room",
      "throttled",
      "OOM kills",
      "apps interrupted",
      "pods",
      "most apps at once",
      "resizes per node-day",
      "proxy memory",
      "unused",
      "proxy CPU",
      "unused",
    ],
    rowsOf: ({ policy, usage }) =>
      (usage?.sizings ?? []).map((one) => [
        text(policy),
        text(one.sizing),
        count(usage?.nodeMinutes ?? 0),
        count(usage?.nodeMinutesWithoutRoom ?? 0),
        alarming(one.throttledNodeMinutes, "warning"),
        alarming(one.oomKills, "bad"),
        count(one.appsInterrupted),
        count(one.podsInterrupted),
        count(one.appsInterruptedMax),
        amount(one.resizesPerNodeDay),
        text(memoryText(one.memoryBytesMean)),
        share(one.memorySlack),
        text(`${Math.round(one.cpuMilliMean)}m`),
        share(one.cpuSlack),
      ]),
  },
  {
    name: "Pod starts",
    title: "What follows from the pod start times that the scenario gives?",
    note: "An input, not a finding: pods placed times the difference of the two given times.",
    head: ["policy", "pods started", "saved per pod", "saved"],
    rowsOf: ({ policy, podStart }) =>
      podStart === undefined
        ? []
        : [
            [
              text(policy),
              count(podStart.podsStarted),
              seconds(podStart.secondsSavedPerPod),
              seconds(podStart.secondsSaved),
            ],
          ],
  },
];

function text(value: string): SectionCell {
  return { text: value };
}

function count(value: number): SectionCell {
  return { text: countText(value) };
}

function amount(value: number): SectionCell {
  return { text: value.toLocaleString("en-US", { maximumFractionDigits: 1 }) };
}

function share(value: number): SectionCell {
  return { text: Number.isFinite(value) ? `${Math.round(value * 100)} %` : "–" };
}

function seconds(value: number | undefined): SectionCell {
  return { text: value === undefined ? "–" : secondsText(value) };
}

function alarming(value: number, tone: "bad" | "warning"): SectionCell {
  return value === 0 ? text("0") : { text: countText(value), tone };
}
