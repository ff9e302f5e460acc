// How many pods of each workload run on each node: what the usage of any DaemonSet's pod is explained by.

import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { Workloads } from "../policy/totals-learner.ts";

const NO_WORKLOADS: Workloads = new Map();

export class NodeCensus {
  readonly #nodes = new Map<NodeName, Map<string, number>>();

  changed(before: PodView | undefined, after: PodView | undefined): void {
    this.#count(before, -1);
    this.#count(after, 1);
  }

  of(node: NodeName): Workloads {
    return this.#nodes.get(node) ?? NO_WORKLOADS;
  }

  #count(pod: PodView | undefined, delta: 1 | -1): void {
    if (pod?.nodeName === undefined || pod.isFinished || pod.workload === undefined) return;
    const workloads = this.#nodes.get(pod.nodeName) ?? new Map<string, number>();
    this.#nodes.set(pod.nodeName, workloads);
    const pods = (workloads.get(pod.workload) ?? 0) + delta;
    if (pods > 0) workloads.set(pod.workload, pods);
    else workloads.delete(pod.workload);
    if (workloads.size === 0) this.#nodes.delete(pod.nodeName);
  }
}
