// A plan as a report for the browser: three states of one cluster, what it would take, and what is assumed.

import { coresText, countText, memoryText, ratioText, savedText } from "./figures.ts";
import type { Bar, Block, DataCell, Provenance, ReportDocument, Section } from "./html/report-document.ts";
import { costChanges, riskOf } from "./plan-changes.ts";
import { BONDS, compactionText, surveyedRows } from "./plan-table.ts";
import type { ReportSection } from "./report-section.ts";
import { sectionBlocks } from "./section-blocks.ts";
import { LOSSES, surveySections } from "./survey-sections.ts";
import type { PlannedBase } from "../plan/instance-bases.ts";
import type { Plan, PlanState } from "../plan/plan.ts";

export interface PlanReport {
  /** What the cluster is called. */
  readonly name: string;
  readonly plan: Plan;
  /** The same cluster with other costs of a bare instance. */
  readonly otherBases: readonly PlannedBase[];
  /** Sentences on what was taken for granted. */
  readonly assumptions: readonly string[];
  readonly provenance: Provenance;
}

export function planReport({ name, plan, otherBases, assumptions, provenance }: PlanReport): ReportDocument {
  const { nodes, pods, apps } = plan;
  const surveyed = surveySections(surveyedRows(plan), "mesh");
  return {
    title: "What would node proxies save here?",
    subject: `${name}: ${countText(nodes)} nodes and ${countText(pods.all)} pods, of which ${countText(pods.mesh)} pods of ${countText(apps)} apps are in the mesh.`,
    changes: [...costChanges(plan), ...riskOf(plan)],
    changesNote:
      "Before: a sidecar in every pod of the mesh, as the cluster stands. After: one proxy per node, and the mesh's pods placed by Berth, by the very functions that run in production.",
    sections: [
      { id: "cost", title: "What does the mesh take?", blocks: costBlocks(plan) },
      { id: "nodes", title: "How many nodes would do?", blocks: nodeBlocks(plan) },
      ...surveyed
        .filter(({ name }) => name === LOSSES)
        .map((section) => ({
          id: "risk",
          title: "What would become worse?",
          blocks: [...sectionBlocks(section), { kind: "text" as const, text: RISK }],
        })),
      { id: "moves", title: "What would have to move, and what stays?", blocks: moveBlocks(plan) },
      ...surveyed.filter(({ name }) => name !== LOSSES).map(surveySection),
      ...(otherBases.length === 0
        ? []
        : [
            {
              id: "base",
              title: "How much hangs on what a bare instance costs?",
              blocks: baseBlocks(plan, otherBases),
            },
          ]),
      { id: "methods", title: "What is assumed, and how is it reckoned?", blocks: methodBlocks(assumptions) },
    ],
    provenance,
  };
}

function surveySection(section: ReportSection, index: number): Section {
  return { id: `survey-${index}`, title: section.title, blocks: sectionBlocks(section) };
}

const STATES: readonly (readonly [key: "sidecars" | "shared" | "placed", name: string])[] = [
  ["sidecars", "sidecars, as it stands"],
  ["shared", "node proxies, no pod moved"],
  ["placed", "node proxies, placed by Berth"],
];

function costBlocks(plan: Plan): readonly Block[] {
  const bars = (value: (state: PlanState) => number, bound?: number): readonly Bar[] =>
    STATES.map(([key, name]) => ({
      name,
      value: value(plan[key]),
      isOurs: key === "placed",
      ...(bound !== undefined && key !== "sidecars" && { bound }),
    }));
  return [
    { kind: "bars", caption: "Memory", bars: bars(({ mesh }) => mesh.memoryBytes), format: memoryText },
    { kind: "bars", caption: "CPU cores", bars: bars(({ mesh }) => mesh.cpuMilli), format: coresText },
    {
      kind: "bars",
      caption: "Instances",
      bars: bars(({ instances }) => instances, plan.bounds.instances),
      format: countText,
      boundName: "at least",
    },
    {
      kind: "text",
      text: "An instance is what one app needs of the mesh on one node: its configuration, certificates and connection pools. A sidecar is an instance of its own; in a node proxy, the pods of an app share one. No placement has fewer instances than the red line.",
    },
    {
      kind: "table",
      caption: "The cluster under each mesh",
      head: [
        "mesh",
        "pods in it",
        "without a node",
        "nodes used",
        "nodes short",
        "instances",
        "pods per instance",
        "memory",
        "cores",
      ],
      rows: STATES.map(([key, name]) => stateRow(name, plan[key])),
    },
  ];
}

function stateRow(name: string, state: PlanState): readonly DataCell[] {
  const { meshPods, instances, mesh, nodesUsed } = state;
  return [
    { text: name },
    { text: countText(meshPods) },
    alarming(state.unplaced),
    { text: countText(nodesUsed) },
    alarming(state.nodesShort),
    { text: countText(instances) },
    { text: ratioText(instances === 0 ? undefined : meshPods / instances) },
    { text: memoryText(mesh.memoryBytes) },
    { text: coresText(mesh.cpuMilli) },
  ];
}

function alarming(count: number): DataCell {
  return { text: countText(count), tone: count === 0 ? undefined : "warning" };
}

function nodeBlocks({ nodes, sidecars, placed, bounds }: Plan): readonly Block[] {
  const compactions = [
    ["sidecars", sidecars.compaction, bounds.sidecarNodes],
    ["node proxies", placed.compaction, bounds.nodes],
  ] as const;
  if (compactions.every(([, compaction]) => compaction === undefined)) {
    return [{ kind: "text", text: "This was not asked for (--rounds 0)." }];
  }
  const bars = compactions.flatMap(([name, compaction, bound]): readonly Bar[] =>
    compaction?.nodes === undefined
      ? []
      : [
          {
            name,
            value: compaction.nodes,
            isOurs: name === "node proxies",
            ...(bound !== undefined && { bound }),
          },
        ],
  );
  return [
    {
      kind: "bars",
      caption: `Nodes needed, of ${countText(nodes)}`,
      bars,
      format: countText,
      boundName: "at least",
    },
    ...compactions.flatMap(([name, compaction]): readonly Block[] =>
      compaction === undefined ? [] : [{ kind: "text", text: compactionText(name, compaction) }],
    ),
    {
      kind: "text",
      text: "Nodes are taken away in a random order and all pods packed anew, until they fit no more; of several orders the ninth tenth counts. The bound is what the pods' requests add up to, beside the proxies: it knows of no selectors, taints or pods that stay.",
    },
  ];
}

const RISK =
  "Pods that share are pods that fail together. A limit per app and node (--cap) gives some of the savings back for that.";

function moveBlocks({ pods, placed }: Plan): readonly Block[] {
  const bonded = Object.entries(pods.bonded).toSorted(([, a], [, b]) => b - a);
  const staying = bonded.reduce((sum, [, count]) => sum + count, 0);
  const blocks: Block[] = [
    {
      kind: "text",
      text: `To get there, ${countText(placed.moved)} of ${countText(pods.mesh)} pods of the mesh would have to move. Berth moves none of them by itself: they come to their places as they are rolled out anew.`,
    },
  ];
  if (staying === 0) return blocks;
  return [
    ...blocks,
    {
      kind: "table",
      caption: `${countText(staying)} pods stay where they are, since they ask for what a plan cannot weigh`,
      head: ["because of", "pods"],
      rows: bonded.map(([bond, count]) => [{ text: BONDS[bond] ?? bond }, { text: countText(count) }]),
    },
  ];
}

function baseBlocks(plan: Plan, otherBases: readonly PlannedBase[]): readonly Block[] {
  const saved = (other: Plan, resource: "memoryBytes" | "cpuMilli"): DataCell => {
    const share =
      other.sidecars.mesh[resource] === 0
        ? undefined
        : 1 - other.placed.mesh[resource] / other.sidecars.mesh[resource];
    return { text: savedText(share), tone: share === undefined ? undefined : share >= 0 ? "good" : "bad" };
  };
  return [
    {
      kind: "table",
      caption: "The mesh with node proxies, placed by Berth",
      head: ["a bare instance takes", "memory", "against sidecars", "cores", "against sidecars", "instances"],
      rows: otherBases.map(({ name, instanceBaseBytes, plan: other }) => [
        { text: `${memoryText(instanceBaseBytes)}: ${name}` },
        { text: memoryText(other.placed.mesh.memoryBytes) },
        saved(other, "memoryBytes"),
        { text: coresText(other.placed.mesh.cpuMilli) },
        saved(other, "cpuMilli"),
        { text: countText(other.placed.instances) },
      ]),
    },
    {
      kind: "text",
      text: `The sidecars take ${memoryText(plan.sidecars.mesh.memoryBytes)} and ${coresText(plan.sidecars.mesh.cpuMilli)} cores in each row. About 200 MB is what was published of NodeSentry; that of Berth's own proxy, 13.4 MB, is measured by its density bench, idle, and is smaller since that proxy does less.`,
    },
  ];
}

function methodBlocks(assumptions: readonly string[]): readonly Block[] {
  return [
    ...assumptions.map((text): Block => ({ kind: "text", text: sentence(text) })),
    {
      kind: "text",
      text: "Requests are compared, not usage: what a scheduler counts is what nodes are bought for. How soon applications start is not modelled, and nothing here is claimed of it.",
    },
    {
      kind: "text",
      text: "Pods placed anew go only to nodes that their selectors, node affinities and tolerations allow. Apps come in a random order, the pods of each one after the other, as if workloads were restarted one by one. Nothing was written to the cluster.",
    },
  ];
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
