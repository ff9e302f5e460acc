// A pod as kube-scheduler's model sees it: plain values, whether they come from a trace or from the API.

import type { Labels } from "#model/app.ts";
import type { Resources } from "#model/resources.ts";
import type { NodeSelectorTerm, PreferredTerm } from "#model/node-affinity.ts";
import type { Toleration } from "#model/taints.ts";
import type { HostPort } from "./host-ports.ts";
import type { PodAffinity } from "./pod-affinity.ts";
import type { SpreadConstraint } from "./spread-constraint.ts";

export interface SchedulerPod {
  /** What the filter counts; may be nothing. */
  readonly request: Resources;
  /**
   * What LeastAllocated and MostAllocated count, if it is more than nonZeroRequest(request): upstream fills in the
   * default per container, which shows for pods of several containers of which some request nothing.
   */
  readonly scoredRequest?: Resources;
  /** Other resources by name: ephemeral storage in bytes, devices in pieces. The filter counts them, scores do not. */
  readonly otherRequests?: Readonly<Record<string, number>>;
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
  /** "default" if absent. */
  readonly namespace?: string;
  /** What the selectors of spread constraints and of affinities find the pod by; none of them finds one without. */
  readonly labels?: Labels;
  /** The pod's own, instead of spreading by default. */
  readonly spreadConstraints?: readonly SpreadConstraint[];
  readonly podAffinity?: PodAffinity;
  readonly hostPorts?: readonly HostPort[];
  /** One for each container, init containers included; absent where nobody cares for images. */
  readonly images?: readonly string[];
}

// pkg/scheduler/util/pod_resources.go: what a container without a request counts when nodes are compared.
export const CPU_MILLI_DEFAULT = 100;
export const MEMORY_BYTES_DEFAULT = 200 * 1024 ** 2;

/** What a pod of one container counts in scores, where a missing request must not look free. */
export function nonZeroRequest({ cpuMilli, memoryBytes }: Resources): Resources {
  return {
    cpuMilli: cpuMilli === 0 ? CPU_MILLI_DEFAULT : cpuMilli,
    memoryBytes: memoryBytes === 0 ? MEMORY_BYTES_DEFAULT : memoryBytes,
  };
}

export function namespaceOf({ namespace = "default" }: Pick<SchedulerPod, "namespace">): string {
  return namespace;
}
