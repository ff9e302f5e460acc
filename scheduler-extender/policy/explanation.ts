// Why a pod's nodes were rejected or passed, and why the winner won, as data: the numbers that kube-scheduler's messages
// cannot carry. Nodes with the same verdict are one group with the range of its figures and the nodes that miss least.

import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import type { Rejection } from "#model/verdict.ts";
import type { NodeFigures } from "./node-figures.ts";
import type { RankedNode, TieBreak } from "./node-ranking.ts";
import type { PlacementReason } from "./placement.ts";

export interface Explanation {
  readonly pod: ExplainedPod;
  /** On the clock that decisions run on. */
  readonly atMs: number;
  /** A. */
  readonly appRequest: Resources;
  /** Nodes that were judged. */
  readonly nodes: number;
  /** The largest first. */
  readonly groups: readonly VerdictGroup[];
  /** Absent where none was chosen, or none needed choosing yet. */
  readonly winner?: Winner;
}

export interface ExplainedPod {
  readonly uid: PodUid;
  readonly namespace: string;
  readonly name: string;
  /** Absent outside the mesh. */
  readonly app?: AppName;
}

export type Verdict = "fits" | Rejection;

export interface VerdictGroup {
  readonly verdict: Verdict;
  readonly nodes: number;
  /** Absent for nodes that are not known, and where nodes that fit were only counted. */
  readonly figures?: FigureRanges;
  /** Of the nodes that were rejected, those that miss least, by their share of the node. */
  readonly closest: readonly ClosestNode[];
}

export type FigureRanges = { readonly [Figure in keyof NodeFigures]: ResourceRange };

export interface ResourceRange {
  readonly min: Resources;
  readonly max: Resources;
}

export interface ClosestNode extends NodeFigures {
  readonly node: NodeName;
  /** What more would have to be free. */
  readonly missing: Resources;
}

export interface Winner {
  readonly node: NodeName;
  readonly reason: PlacementReason;
  /** Pods, this one included, that the node was chosen to take. */
  readonly groupPods: number;
  /** What put it before the runner-up. */
  readonly decidedBy: TieBreak;
  /** Those that got a score, the winner first. */
  readonly candidates: readonly Candidate[];
}

export interface Candidate extends NodeFigures, Omit<RankedNode, "name"> {
  readonly node: NodeName;
  /** As sent to kube-scheduler. */
  readonly score: number;
}
