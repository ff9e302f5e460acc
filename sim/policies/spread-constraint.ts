// How evenly a pod wants the pods of its kind to stand (core/v1 TopologySpreadConstraint).

import type { LabelSelector } from "./label-selector.ts";

export interface SpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: "DoNotSchedule" | "ScheduleAnyway";
  readonly labelSelector?: LabelSelector;
  /** Labels whose values the pod's own replace in the selector. */
  readonly matchLabelKeys?: readonly string[];
  /** 1 by default. */
  readonly minDomains?: number;
  /** Honor by default: only nodes that the pod's node affinity and selector match count. */
  readonly nodeAffinityPolicy?: "Honor" | "Ignore";
  /** Ignore by default. */
  readonly nodeTaintsPolicy?: "Honor" | "Ignore";
}
