// What of a survey is worth seeing at a glance, as bars: with the bound where there is one.

import { HEADROOM_PODS_MAX } from "../survey/headroom.ts";
import type { Survey } from "../survey/survey.ts";
import { countText, percentText } from "./figures.ts";
import type { BarChart } from "./html/report-document.ts";
import type { SurveyedRow } from "./surveyed-row.ts";

/** As a share of the nodes in use: nothing would be the best. */
export function strandedCharts(rows: readonly SurveyedRow[]): readonly BarChart[] {
  const share = (caption: string, value: (survey: Survey) => number): BarChart =>
    chart(rows, { caption, value, format: percentText });
  return [
    share("Stranded CPU, in % of the nodes in use", ({ room }) => room.strandedCpuShare),
    share("Stranded memory, in % of the nodes in use", ({ room }) => room.strandedMemoryShare),
  ];
}

export function headroomCharts(rows: readonly SurveyedRow[]): readonly BarChart[] {
  const limited = rows.filter(({ survey }) => survey.headroom !== undefined);
  if (limited.length === 0) return [];
  return [
    chart(limited, {
      caption: "More pods before the first one waits",
      value: ({ headroom }) => headroom?.pods ?? 0,
      bound: ({ headroom }) => (headroom?.isFull === true ? headroom.podsBound : undefined),
      format: (pods) =>
        pods >= HEADROOM_PODS_MAX ? `over ${countText(HEADROOM_PODS_MAX)}` : countText(pods),
      boundName: "at most",
      gapName: "short of it",
    }),
  ];
}

export function sharedCharts(rows: readonly SurveyedRow[]): readonly BarChart[] {
  return [
    chart(rows, {
      caption: "Bare instances saved on a node in use, against a sidecar in each of its pods",
      value: ({ mesh }) => mesh.instancesSavedPerNode,
      // At most all pods of a node are of one app.
      bound: ({ mesh, pods, nodesUsed }) =>
        mesh.instancesSavedPerNode === 0 || nodesUsed === 0 ? undefined : pods / nodesUsed - 1,
      format: (saved) => saved.toFixed(1),
      boundName: "at most",
      gapName: "short of it",
    }),
    chart(rows, {
      caption: "Memory of the mesh, in % of the nodes in use",
      value: ({ mesh }) => mesh.memoryShare,
      format: percentText,
    }),
  ];
}

/** The worst node has no fewer pods than the average one. */
export function blastCharts(rows: readonly SurveyedRow[]): readonly BarChart[] {
  const charts = [
    chart(rows, {
      caption: "Pods lost with the worst node",
      value: ({ blast }) => blast.node.podsMax,
      bound: ({ pods, nodesUsed }) => (nodesUsed === 0 ? undefined : Math.ceil(pods / nodesUsed)),
      format: countText,
      boundName: "at least",
    }),
    chart(rows, {
      caption: "Apps that lose all their pods with the worst node",
      value: ({ blast }) => blast.node.appsGoneMax,
      format: countText,
    }),
  ];
  if (rows.every(({ survey }) => survey.blast.zone === undefined)) return charts;
  const zone = chart(rows, {
    caption: "Apps that lose all their pods with the worst zone",
    value: ({ blast }) => blast.zone?.appsGoneMax ?? 0,
    format: countText,
  });
  return [...charts, zone];
}

/** No app does with less than one entry, and no pair of apps with less than one connection. */
export function discoveryCharts(rows: readonly SurveyedRow[]): readonly BarChart[] {
  return [
    chart(rows, {
      caption: "Entries that discovery holds: by node where the mesh is shared, else by pod",
      value: ({ discovery }) => discovery.entriesByNode ?? discovery.entriesByPod,
      bound: ({ apps }) => apps,
      format: countText,
      boundName: "one per app",
    }),
    chart(rows, {
      caption: "Connections between two apps, mean of all pairs",
      value: ({ discovery }) => discovery.connectionsByNode ?? discovery.connectionsByPod ?? 0,
      bound: ({ apps }) => (apps < 2 ? undefined : 1),
      format: (connections) => connections.toFixed(1),
      boundName: "at least",
    }),
  ];
}

interface ChartOfSurvey extends Pick<BarChart, "caption" | "format" | "boundName" | "gapName"> {
  readonly value: (survey: Survey) => number;
  readonly bound?: (survey: Survey) => number | undefined;
}

function chart(rows: readonly SurveyedRow[], { value, bound, ...drawn }: ChartOfSurvey): BarChart {
  const bars = rows.map(({ name, survey, isOurs }) => ({
    name,
    isOurs,
    value: value(survey),
    bound: bound?.(survey),
  }));
  return { ...drawn, bars };
}
