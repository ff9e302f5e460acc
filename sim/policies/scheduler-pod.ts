// A pod as kube-scheduler's model sees it: plain values, whether they come from a trace or from the API.

import type { Labels } from "#model/app.ts";
import type { Resources } from "#model/resources.ts";
import type { NodeSelectorTerm, PreferredTerm } from "#model/node-affinity.ts";
import type { Toleration } from "#model/taints.ts";

export interface SchedulerPod {
  /** What the filter counts; may be nothing. */
  readonly request: Resources;
  /**
   * What LeastAllocated and MostAllocated count, if it is more than nonZeroRequest(request): upstream fills in the
   * default per container, which shows for pods of several containers of which some request nothing.
   */
  readonly scoredRequest?: Resources;
  /**
   * Pods that are spread from each other by default: those that the pod's own Service or controller selects. Undefined
   * for a pod that none selects, which default spreading leaves alone.
   */
  readonly spreadGroup?: string;
  readonly tolerations?: readonly Toleration[];
  readonly nodeSelector?: Labels;
  /** requiredDuringSchedulingIgnoredDuringExecution: one of the terms has to match; an empty list matches no node. */
  readonly requiredTerms?: readonly NodeSelectorTerm[];
  readonly preferredTerms?: readonly PreferredTerm[];
}

// pkg/scheduler/util/pod_resources.go: what a container without a request counts when nodes are compared.
const CPU_MILLI_DEFAULT = 100;
const MEMORY_BYTES_DEFAULT = 200 * 1024 ** 2;

/** What a pod of one container counts in scores, where a missing request must not look free. */
export function nonZeroRequest({ cpuMilli, memoryBytes }: Resources): Resources {
  return {
    cpuMilli: cpuMilli === 0 ? CPU_MILLI_DEFAULT : cpuMilli,
    memoryBytes: memoryBytes === 0 ? MEMORY_BYTES_DEFAULT : memoryBytes,
  };
}
