// "What would happen if …?": a change in words, and its figures before and after.

import type { Resources } from "#model/resources.ts";
import type { Verdict } from "#scheduler-extender/policy/explanation.ts";
import { countText, cpuText, memoryText, plural, reuseText } from "./format.ts";
import type { Forecast } from "./forecast.ts";
import { verdictText } from "./why-pod.ts";

/** As the simulator has it. */
export interface ForkState {
  readonly nodes: number;
  readonly nodesUsed: number;
  readonly meshPods: number;
  readonly instances: number;
  readonly mesh: Resources;
  readonly nodesShort: number;
  readonly waiting: number;
  readonly podsOnNodeMax: number;
  readonly appsMostlyOnOneNode: number;
}

export interface WhatIfResult {
  readonly before: ForkState;
  readonly rolledOut: ForkState | undefined;
  readonly after: ForkState;
  readonly unplaced: readonly { readonly of: string; readonly pods: number }[];
  readonly obstacles: readonly { readonly verdict: Verdict; readonly nodes: number }[];
  readonly moved: number;
  readonly unjudged: number;
  readonly lost:
    | {
        readonly nodes: number;
        readonly pods: number;
        readonly apps: number;
        readonly appsWhole: readonly string[];
      }
    | undefined;
}

export interface WhatIfView {
  readonly choices: WhatIfChoices;
  /** Null until something is asked. */
  readonly asked: WhatIfAsked | null;
  readonly forecast: Forecast<WhatIfResult | null> | null;
}

/** What forms offer. */
export interface WhatIfChoices {
  readonly apps: readonly string[];
  readonly zones: readonly string[];
  readonly nodes: number;
}

export const QUESTIONS = ["cap", "loseNodes", "loseZone", "drain", "multiply"] as const;
export type Question = (typeof QUESTIONS)[number];

export interface WhatIfAsked {
  readonly kind: Question;
  readonly text: string;
}

/** The change, as the end of "What would happen if". */
export function askedText(
  kind: Question,
  { app, cap, nodes, zone, count, factor }: Readonly<Record<string, string | undefined>>,
): string {
  if (kind === "cap") return `at most ${cap} pods of ${app ?? "any app"} were on a node`;
  if (kind === "loseNodes") return `${(nodes ?? "").split(",").join(", ")} stopped`;
  if (kind === "loseZone") return `zone ${zone} went away`;
  if (kind === "drain")
    return `the ${count === "1" ? "emptiest node was" : `${count} emptiest nodes were`} drained`;
  return `${app} had ${factor === "2" ? "twice" : `${factor} times`} its pods`;
}

export interface ChangeRow {
  readonly figure: string;
  readonly before: string;
  /** For a cap: after the rollouts alone. */
  readonly rolledOut: string | undefined;
  readonly after: string;
  readonly difference: string;
  readonly isWorse: boolean;
}

type Figure = readonly [
  name: string,
  of: (state: ForkState) => number,
  text: (value: number) => string,
  /** More of it is no good news. */
  isBurden: boolean,
];

const FIGURES: readonly Figure[] = [
  ["Nodes there are", ({ nodes }) => nodes, countText, false],
  ["Nodes in use", ({ nodesUsed }) => nodesUsed, countText, false],
  ["Mesh pods with a node", ({ meshPods }) => meshPods, countText, false],
  ["Pods that find no place", ({ waiting }) => waiting, countText, true],
  ["Instances", ({ instances }) => instances, countText, false],
  [
    "Reuse, pods to an instance",
    ({ meshPods, instances }) => meshPods / Math.max(1, instances),
    reuseText,
    false,
  ],
  ["Memory that the mesh needs", ({ mesh }) => mesh.memoryBytes, memoryText, false],
  ["CPU that the mesh needs", ({ mesh }) => mesh.cpuMilli, cpuText, false],
  ["Nodes overcommitted", ({ nodesShort }) => nodesShort, countText, true],
  ["Most mesh pods on one node", ({ podsOnNodeMax }) => podsOnNodeMax, countText, false],
  [
    "Apps with over half of their pods on one node",
    ({ appsMostlyOnOneNode }) => appsMostlyOnOneNode,
    countText,
    true,
  ],
];

export function changeRows({ before, rolledOut, after }: WhatIfResult): readonly ChangeRow[] {
  return FIGURES.map(([figure, of, text, isBurden]): ChangeRow => {
    const difference = of(after) - of(rolledOut ?? before);
    return {
      figure,
      before: text(of(before)),
      rolledOut: rolledOut === undefined ? undefined : text(of(rolledOut)),
      after: text(of(after)),
      difference: differenceText(difference, text),
      isWorse: isBurden && difference > 0,
    };
  });
}

function differenceText(difference: number, text: (value: number) => string): string {
  const size = text(Math.abs(difference));
  if (size === text(0)) return "same";
  return difference > 0 ? `+${size}` : `−${size}`;
}

/** The answer in a sentence or three. */
export function whatIfHeadline({ before, after, lost, moved, unplaced }: WhatIfResult): string {
  const missing = unplaced.reduce((sum, { pods }) => sum + pods, 0);
  const parts: string[] = [];
  if (lost !== undefined)
    parts.push(
      `${plural(lost.pods, "pod")} of ${plural(lost.apps, "app")} would go down at once, and ${lost.appsWhole.length === 0 ? "no app whole" : `${plural(lost.appsWhole.length, "app")} whole`}.`,
    );
  parts.push(
    missing === 0
      ? `Every pod would find a place${moved === 0 ? "" : `; ${plural(moved, "pod")} on another node than now`}.`
      : `${plural(missing, "pod")} would find no place.`,
  );
  const growth = after.mesh.memoryBytes - before.mesh.memoryBytes;
  if (growth !== 0)
    parts.push(
      `The mesh would need ${memoryText(Math.abs(growth))} ${growth > 0 ? "more" : "less"} than now.`,
    );
  return parts.join(" ");
}

/** Why the first of those that find no place finds none. */
export function obstacleTexts({ obstacles, unplaced }: WhatIfResult): readonly string[] {
  // Nodes that a pod may not use are not judged.
  if (obstacles.length === 0 && unplaced.length > 0)
    return ["No node is left that the pod's selector, affinity and tolerations allow."];
  return obstacles.map(({ verdict, nodes }) => `${plural(nodes, "node")}: ${verdictText(verdict)}`);
}
