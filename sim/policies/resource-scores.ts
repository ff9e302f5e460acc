// Scores by resources, with upstream's integer arithmetic: pkg/scheduler/framework/plugins/noderesources,
// least_allocated.go, most_allocated.go and balanced_allocation.go of 1.37. CPU and memory weigh the same. int64
// division is exact here as a truncated quotient up to 2^45, which is 32 TiB of memory.

import type { SchedulerNode } from "./scheduler-node.ts";
import { NODE_SCORE_MAX } from "./score-normalization.ts";

/** How a strategy of NodeResourcesFit scores one resource: requested with the pod, of the capacity. */
export type FitScore = (requested: number, capacity: number) => number;

/** The free share; 0 if more is requested than there is. */
export const leastAllocated: FitScore = (requested, capacity) =>
  requested > capacity ? 0 : Math.trunc(((capacity - requested) * NODE_SCORE_MAX) / capacity);

/** The used share; pods without requests can take it past the capacity, which counts as full. */
export const mostAllocated: FitScore = (requested, capacity) =>
  Math.trunc((Math.min(requested, capacity) * NODE_SCORE_MAX) / capacity);

export interface PodSizes {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

/** The mean over the resources that the node has, 0 to 100. `scored`: the pod's request with defaults filled in. */
export function fitScore(node: SchedulerNode, scored: PodSizes, score: FitScore): number {
  let sum = 0;
  let resources = 0;
  if (node.cpuMilliAllocatable !== 0) {
    sum += score(node.cpuMilliScored + scored.cpuMilli, node.cpuMilliAllocatable);
    resources++;
  }
  if (node.memoryBytesAllocatable !== 0) {
    sum += score(node.memoryBytesScored + scored.memoryBytes, node.memoryBytesAllocatable);
    resources++;
  }
  return resources === 0 ? 0 : Math.trunc(sum / resources);
}

/**
 * How the pod changes the balance of CPU and memory on the node, 50 to 100, and 75 for no change. Since 1.36 it is the
 * change that counts and not the balance reached (kubernetes#135573). Counts what is really requested, no defaults.
 */
export function balanceScore(node: SchedulerNode, request: PodSizes): number {
  const before = balance(node, node.cpuMilliRequested, node.memoryBytesRequested);
  const after = balance(
    node,
    node.cpuMilliRequested + request.cpuMilli,
    node.memoryBytesRequested + request.memoryBytes,
  );
  return NODE_SCORE_MAX / 2 + Math.trunc((NODE_SCORE_MAX / 2 + after - before) / 2);
}

/** 100 less the standard deviation of the used shares in percent, which for two of them is half their distance. */
function balance(node: SchedulerNode, cpuMilli: number, memoryBytes: number): number {
  if (node.cpuMilliAllocatable === 0 || node.memoryBytesAllocatable === 0) return NODE_SCORE_MAX;
  const cpuShare = Math.min(1, cpuMilli / node.cpuMilliAllocatable);
  const memoryShare = Math.min(1, memoryBytes / node.memoryBytesAllocatable);
  return Math.trunc((1 - Math.abs((cpuShare - memoryShare) / 2)) * NODE_SCORE_MAX);
}
