// A plan for people: three states of one cluster beside each other, then what changes as `before → after`.

import type { Compaction } from "../plan/node-compaction.ts";
import type { Plan, PlanState } from "../plan/plan.ts";
import { changesTable } from "./changes-table.ts";
import { coresText, countText, memoryText, ratioText } from "./figures.ts";
import { costChanges, furtherOf, riskOf } from "./plan-changes.ts";
import { sectionText } from "./section-text.ts";
import { surveySections } from "./survey-sections.ts";
import type { SurveyedRow } from "./surveyed-row.ts";
import { type Cell, type TableOptions, textTable } from "./text-table.ts";

export function planTable(plan: Plan, options: TableOptions): string {
  const surveys = surveySections(surveyedRows(plan), "mesh").map((section) => sectionText(section, options));
  const sections = [
    headline(plan),
    stateTable(plan, options),
    ...notes(plan),
    ...surveys,
    changesTable([...costChanges(plan), ...riskOf(plan), ...furtherOf(plan)], options),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** The states of a plan, by the names that reports give them. */
export function surveyedRows({ sidecars, shared, placed }: Plan): readonly SurveyedRow[] {
  return [
    { name: "sidecars, as it stands", survey: sidecars.survey, isOurs: false },
    { name: "node proxies, no pod moved", survey: shared.survey, isOurs: false },
    { name: "node proxies, placed by Berth", survey: placed.survey, isOurs: true },
  ];
}

function headline({ nodes, pods, apps }: Plan): string {
  const waiting = pods.waiting === 0 ? "" : `, ${countText(pods.waiting)} wait for a node`;
  return `${countText(nodes)} nodes, ${countText(pods.all)} pods${waiting}; in the mesh: ${countText(pods.mesh)} pods of ${countText(apps)} apps`;
}

const HEAD = [
  "mesh",
  "pods",
  "unplaced",
  "nodes used",
  "nodes short",
  "instances",
  "reuse",
  "mesh memory",
  "mesh CPU",
  "lost with a node",
];

function stateTable({ sidecars, shared, placed }: Plan, options: TableOptions): string {
  const rows = [
    row("sidecars, as it stands", sidecars),
    row("node proxies, no pod moved", shared),
    row("node proxies, placed by Berth", placed),
  ];
  return textTable(HEAD, rows, options);
}

function row(name: string, state: PlanState): readonly Cell[] {
  const { meshPods, instances, mesh } = state;
  return [
    { text: name },
    { text: countText(meshPods) },
    alarming(state.unplaced),
    { text: countText(state.nodesUsed) },
    alarming(state.nodesShort),
    { text: countText(instances) },
    { text: ratioText(instances === 0 ? undefined : meshPods / instances) },
    { text: memoryText(mesh.memoryBytes) },
    { text: coresText(mesh.cpuMilli) },
    { text: `${countText(state.podsOnNodeMax)} pods` },
  ];
}

function alarming(count: number): Cell {
  return count === 0 ? { text: "0" } : { text: countText(count), colour: "yellow" };
}

function notes({ pods, placed, sidecars }: Plan): readonly string[] {
  const notes: string[] = [];
  const bonded = Object.entries(pods.bonded);
  if (bonded.length > 0) {
    const kinds = bonded.map(([bond, count]) => `${BONDS[bond] ?? bond} ${countText(count)}`).join(", ");
    const all = bonded.reduce((sum, [, count]) => sum + count, 0);
    notes.push(
      `${countText(all)} pods stay where they are, since they ask for what a plan cannot weigh: ${kinds}. Nodes that have one are kept.`,
    );
  }
  notes.push(`Berth would have placed ${countText(placed.moved)} mesh pods elsewhere than where they are.`);
  for (const [name, compaction] of [
    ["sidecars", sidecars.compaction],
    ["node proxies", placed.compaction],
  ] as const) {
    if (compaction !== undefined) notes.push(compactionText(name, compaction));
  }
  return [notes.join("\n")];
}

/** What keeps pods where they are, for people. */
export const BONDS: Readonly<Record<string, string>> = {
  podAffinity: "pod affinity",
  podAntiAffinity: "pod anti-affinity",
  topologySpread: "hard topology spread",
  volumes: "volumes",
  hostPorts: "host ports",
  otherResources: "other resources",
  resourceClaims: "resource claims",
  podGroup: "pod groups",
};

/** A sentence on the fewest nodes. */
export function compactionText(
  name: string,
  { nodes, nodesKept, nodesMin, nodesMax, rounds }: Compaction,
): string {
  if (nodes === undefined) {
    return `Fewest nodes with ${name}: not even all the cluster's nodes hold its pods when they are packed anew.`;
  }
  const range =
    nodesMin !== nodesMax
      ? `${countText(nodesMin ?? 0)} to ${countText(nodesMax ?? 0)} in ${rounds} rounds`
      : rounds === 1
        ? "in one round"
        : `in each of ${rounds} rounds`;
  const kept = nodesKept === 0 ? "" : `, ${countText(nodesKept)} of them kept for pods that stay`;
  return `Fewest nodes with ${name}: ${countText(nodes)} (${range})${kept}, by taking nodes away until the pods fit no more.`;
}
