// What a survey found, as tables for the terminal and the browser: one row for each run, or state of a plan.

import { coresText, countText, memoryText, percentText } from "./figures.ts";
import type { ReportSection, SectionCell } from "./report-section.ts";
import {
  blastCharts,
  discoveryCharts,
  headroomCharts,
  sharedCharts,
  strandedCharts,
} from "./survey-charts.ts";
import type { SurveyedRow } from "./surveyed-row.ts";

/** The section on what a node or a zone takes along, which a plan has among its first. */
export const LOSSES = "Losses";

/** @param rowName what a row is of. */
export function surveySections(rows: readonly SurveyedRow[], rowName = "policy"): readonly ReportSection[] {
  if (rows.length === 0) return [];
  return [
    roomSection(rows),
    headroomSection(rows),
    sharedSection(rows),
    blastSection(rows),
    discoverySection(rows),
  ].flatMap((section) =>
    section.rows.length === 0
      ? []
      : [Object.assign({}, section, { head: [rowName, ...section.head.slice(1)] })],
  );
}

function roomSection(rows: readonly SurveyedRow[]): ReportSection {
  return {
    name: "Room left",
    charts: strandedCharts(rows),
    title: "How much room is left on the nodes in use, and how much of it is of no use?",
    note: "Stranded is free room times the share of typical pods that the node does not take with their mesh (the expected fragmentation of Weng et al., USENIX ATC'23), as a share of the nodes in use.",
    head: ["policy", "nodes in use", "cores free", "stranded", "share", "memory free", "stranded", "share"],
    rows: rows.map(({ name, survey: { nodesUsed, room } }) => [
      { text: name },
      { text: countText(nodesUsed) },
      { text: coresText(room.freeCpuMilli) },
      { text: coresText(room.strandedCpuMilli) },
      { text: percentText(room.strandedCpuShare) },
      { text: memoryText(room.freeMemoryBytes) },
      { text: memoryText(room.strandedMemoryBytes) },
      { text: percentText(room.strandedMemoryShare) },
    ]),
  };
}

function headroomSection(rows: readonly SurveyedRow[]): ReportSection {
  return {
    name: "Headroom",
    charts: headroomCharts(rows),
    title: "How many more such pods fit before the first one waits?",
    note: "Drawn from the pods that run and placed by the same policy (workload inflation: Verma et al., IEEE CLUSTER 2014). At most is what all free room together would hold. Ended by a rule: some node had room for the pod that waits, but a limit per node or zone, or a rule of the scheduler's, kept it out.",
    head: ["policy", "more pods", "at most", "short of it", "ended by"],
    rows: rows.flatMap(({ name, survey: { headroom } }): (readonly SectionCell[])[] =>
      headroom === undefined
        ? []
        : [
            [
              { text: name },
              { text: headroom.isFull ? countText(headroom.pods) : `over ${countText(headroom.pods)}` },
              { text: headroom.isFull ? countText(headroom.podsBound) : "–" },
              { text: headroom.isFull ? shortText(headroom.pods, headroom.podsBound) : "–" },
              { text: headroom.isFull ? (headroom.roomIsLeft ? "a rule" : "lack of room") : "–" },
            ],
          ],
    ),
  };
}

function sharedSection(rows: readonly SurveyedRow[]): ReportSection {
  return {
    name: "Sharing",
    charts: sharedCharts(rows),
    title: "How much does a node save by sharing, and how much of it does the mesh take?",
    note: "Bare instances saved on a node in use: against a sidecar in each of its pods, and against the default placement of the same pods. The mesh's share is of what the nodes in use can allocate.",
    head: ["policy", "saved, to sidecars", "saved, to default", "share of CPU", "share of memory"],
    rows: rows.map(({ name, survey: { mesh }, savedPerNodeByPlacement: byPlacement }) => [
      { text: name },
      { text: mesh.instancesSavedPerNode.toFixed(2) },
      { text: byPlacement === undefined ? "–" : byPlacement.toFixed(2) },
      { text: percentText(mesh.cpuShare) },
      { text: percentText(mesh.memoryShare) },
    ]),
  };
}

function blastSection(rows: readonly SurveyedRow[]): ReportSection {
  const of = (half: number, most: number): SectionCell => ({
    text: `${countText(half)} / ${countText(most)}`,
  });
  return {
    name: LOSSES,
    charts: blastCharts(rows),
    title: "What is lost with one node, or one zone?",
    note: "The middle one and the worst. Apps gone lose every pod they have: a limit of pods per node (or per zone, in an app's profile) keeps that down, and costs instances.",
    head: ["policy", "lost", "pods, p50 / most", "apps, p50 / most", "apps gone, most"],
    rows: rows.flatMap(({ name, survey: { blast } }) =>
      (["node", "zone"] as const).flatMap((kind): (readonly SectionCell[])[] => {
        const losses = blast[kind];
        if (losses === undefined) return [];
        const { podsP50, podsMax, appsP50, appsMax, appsGoneMax } = losses;
        const gone = { text: countText(appsGoneMax) };
        return [[{ text: name }, { text: `a ${kind}` }, of(podsP50, podsMax), of(appsP50, appsMax), gone]];
      }),
    ),
  };
}

function discoverySection(rows: readonly SurveyedRow[]): ReportSection {
  return {
    name: "Discovery",
    charts: discoveryCharts(rows),
    title: "What does the mesh have to know, and to connect to?",
    note: "With each app behind one Service. Entries are addresses in EndpointSlices, by the rules of production. Connections are between two apps, one for each pair of ends, the mean of all pairs: a trace does not say who calls whom.",
    head: ["policy", "entries by pod", "by node", "fewer", "connections by pod", "by node", "fewer"],
    rows: rows.map(({ name, survey: { discovery } }) => {
      const { entriesByPod, entriesByNode, connectionsByPod, connectionsByNode } = discovery;
      return [
        { text: name },
        ...pair(entriesByPod, entriesByNode, countText),
        ...pair(connectionsByPod, connectionsByNode, (value) => value.toFixed(1)),
      ];
    }),
  };
}

function pair(
  byPod: number | undefined,
  byNode: number | undefined,
  text: (value: number) => string,
): readonly SectionCell[] {
  const cell = (value: number | undefined): SectionCell => ({
    text: value === undefined ? "–" : text(value),
  });
  const share = byPod === undefined || byNode === undefined || byPod === 0 ? undefined : 1 - byNode / byPod;
  return [cell(byPod), cell(byNode), { text: share === undefined ? "–" : percentText(share) }];
}

/** Of a bound from above: how far below it. */
function shortText(value: number, bound: number): string {
  return bound === 0 ? "–" : percentText(1 - value / bound);
}
