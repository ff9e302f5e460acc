// What a pod asks of its node, beside room for its CPU and memory.

import type { Labels } from "./app.ts";
import type { NodeSelectorTerm } from "./node-affinity.ts";
import type { Toleration } from "./taints.ts";

export interface PodWishes {
  readonly nodeSelector?: Labels;
  /** requiredDuringSchedulingIgnoredDuringExecution: one of them has to match. */
  readonly requiredTerms?: readonly NodeSelectorTerm[];
  readonly tolerations: readonly Toleration[];
}
