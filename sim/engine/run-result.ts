// What came of a run.

import type { Survey } from "../survey/survey.ts";
import type { PendingResult } from "./pending-times.ts";
import type { ExtraResults } from "./run-extras.ts";
import type { SeriesPoint } from "./run-series.ts";
import type { Totals } from "./run-totals.ts";
import type { Blast } from "./scenario-run.ts";

export interface PodCounts {
  readonly arrived: number;
  /** Bound, at once or after waiting; those that left since count too. */
  readonly placed: number;
  readonly departed: number;
  /** Left or still wait without ever having had a node. */
  readonly unplaced: number;
  readonly running: number;
  readonly waiting: number;
  /** After the fleet has grown. */
  readonly waitingMax: number;
}

export interface RunResult extends ExtraResults {
  readonly policy: string;
  readonly pods: PodCounts;
  readonly overcommits: number;
  readonly capViolations: number;
  readonly resizes: { readonly grown: number; readonly shrunk: number };
  /** When most pods ran. */
  readonly peak: Totals & { readonly atSeconds: number };
  /** Over the time from the first arrival to the last; undefined for a trace without time. */
  readonly average: Totals | undefined;
  /** What the pods of the peak need at least; nodes is undefined if the fleet could not hold them at all. */
  readonly bounds: {
    readonly instances: number;
    readonly nodes: number | undefined;
    /** Instances that the running pods needed at least, over the same time as `average`. */
    readonly instancesAverage: number | undefined;
  };
  /** When nothing is left to happen. */
  readonly final: Totals & { readonly instancesMin: number };
  /** What lost nodes and zones took along, in order. */
  readonly blasts: readonly Blast[];
  /** Over time, thinned out; empty for a trace without time. */
  readonly series: readonly SeriesPoint[];
  readonly events: number;
  /** How many times a node was weighed for a pod. */
  readonly evaluations: number;
  readonly pending: PendingResult;
  /** Where it was asked for, and the trace has pods. */
  readonly survey?: Survey;
}
