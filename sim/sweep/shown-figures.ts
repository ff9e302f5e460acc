// Which figures of a sweep are shown, under what names and in what units: the same in the terminal and in the browser.
// Every other figure is in the tables for programs.

import { countText, memoryText, percentText } from "../report/figures.ts";
import type { SummaryGroup } from "./sweep-summary.ts";

export interface ShownFigure {
  /** Of the run's figures. */
  readonly name: string;
  /** In the terminal. */
  readonly head: string;
  /** In the browser. */
  readonly question: string;
  /** What a bar is, with its unit. */
  readonly caption: string;
  readonly text: (value: number) => string;
  /** Others only where they are not zero throughout. */
  readonly isShownAlways: boolean;
  /** A figure that holds what this one cannot be below. */
  readonly bound?: string;
}

const decimals = (digits: number) => (value: number) => value.toFixed(digits);

function shown(
  name: string,
  [head, question, caption]: readonly [head: string, question: string, caption: string],
  text: (value: number) => string,
): ShownFigure {
  return { name, head, question, caption, text, isShownAlways: false };
}

export const RUN_FIGURES: readonly ShownFigure[] = [
  {
    ...shown("nodesUsed", ["nodes", "How many nodes are in use?", "Nodes in use"], decimals(1)),
    isShownAlways: true,
    bound: "nodesBound",
  },
  {
    ...shown("instances", ["instances", "How many instances are there?", "Instances"], decimals(1)),
    isShownAlways: true,
    bound: "instancesBound",
  },
  {
    ...shown("reuse", ["reuse", "How many pods share an instance?", "Pods per instance"], decimals(2)),
    isShownAlways: true,
  },
  {
    ...shown(
      "meshMemoryBytes",
      ["mesh memory", "How much memory does the mesh take?", "Memory of the mesh"],
      memoryText,
    ),
    isShownAlways: true,
  },
  shown(
    "capViolations",
    [
      "over cap",
      "How many pods exceed their app's limit per node?",
      "Pods beyond their app's limit per node",
    ],
    decimals(1),
  ),
  shown(
    "overcommits",
    ["overcommits", "How often is a node overcommitted?", "Placements that overcommit a node"],
    decimals(1),
  ),
  shown(
    "unplaced",
    ["unplaced", "How many pods never have a node?", "Pods that never had a node"],
    decimals(1),
  ),
  shown(
    "pendingSecondsP99",
    [
      "wait p99, s",
      "How long do pods wait for a node?",
      "Seconds until a node; 99 % of the pods have one sooner",
    ],
    decimals(1),
  ),
  {
    ...shown(
      "podsLostMax",
      [
        "pods lost",
        "How many pods did a lost node or zone take along?",
        "Pods lost with the worst node or zone that was lost",
      ],
      decimals(1),
    ),
    isShownAlways: true,
  },
  {
    ...shown(
      "moneyUsedPerHour",
      ["money/h", "What do the nodes in use cost?", "Money for nodes in use, per hour"],
      decimals(2),
    ),
    isShownAlways: true,
  },
  shown(
    "strandedMemoryShare",
    ["stranded", "How much room is of no use?", "Stranded memory, in % of the nodes in use"],
    percentText,
  ),
  shown(
    "headroomPods",
    ["headroom", "How many more such pods fit?", "More pods before the first one waits"],
    decimals(1),
  ),
  shown(
    "podsOnNodeMax",
    ["worst node", "How many pods hang on one node?", "Pods on the node that has most"],
    decimals(1),
  ),
  shown(
    "appsGoneWithNodeMax",
    ["apps gone", "How many apps hang on one node?", "Apps that lose all their pods with the worst node"],
    decimals(1),
  ),
  shown(
    "discoveryEntries",
    ["entries", "How much does the mesh have to know?", "Entries that discovery holds"],
    decimals(1),
  ),
];

/** Where usage was played: of each way to size proxies. */
export const SIZING_FIGURES: readonly ShownFigure[] = [
  {
    ...shown(
      "throttledShare",
      [
        "throttled",
        "How often does a proxy lack CPU?",
        "Minutes in which a proxy wanted more CPU than it had, in % of all node-minutes",
      ],
      percentText,
    ),
    isShownAlways: true,
  },
  {
    ...shown(
      "oomKills",
      ["OOM kills", "How often does a proxy lack memory?", "Kills for lack of memory"],
      decimals(1),
    ),
    isShownAlways: true,
  },
  shown(
    "podsInterrupted",
    ["pods interrupted", "Whom do kills interrupt?", "Pods that kills interrupted"],
    countText,
  ),
  {
    ...shown(
      "proxyMemoryBytes",
      ["proxy memory", "How much memory does a proxy get?", "Memory of a proxy, mean over node-minutes"],
      memoryText,
    ),
    isShownAlways: true,
  },
  {
    ...shown(
      "proxyCpuMilli",
      [
        "proxy CPU, m",
        "How much CPU does a proxy get?",
        "CPU of a proxy in millicores, mean over node-minutes",
      ],
      decimals(0),
    ),
    isShownAlways: true,
  },
  shown(
    "resizesPerNodeDay",
    ["resizes/node-day", "How often are proxies resized?", "Resizes per node and day"],
    decimals(1),
  ),
];

/** What is the same everywhere, mostly nothing, tells nothing. */
export function shownOf(
  figures: readonly ShownFigure[],
  groups: readonly SummaryGroup[],
): readonly ShownFigure[] {
  return figures.filter(({ name, isShownAlways }) => {
    const means = groups.flatMap((group) => group.figures[name]?.mean ?? []);
    return isShownAlways ? means.length > 0 : means.some((mean) => mean > 0);
  });
}

/** What all policies of one part of a sweep share, as a heading. */
export function settingText({ nodes, parameters, base, order }: SummaryGroup): string {
  const varied = Object.entries(parameters).map(([field, value]) => `${field} = ${JSON.stringify(value)}`);
  const parts = [...(nodes === null ? [] : [`${nodes} nodes`]), ...varied, `base ${base}`, `order ${order}`];
  return parts.join(", ");
}
