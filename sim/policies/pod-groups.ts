// Placed pods by what selectors see of them. Pods that are equal in namespace, labels and affinities (the replicas of one
// workload) are one group, so that a selector is tried once per group and not once per pod.

import type { Labels } from "#model/app.ts";
import type { PodAffinity } from "./pod-affinity.ts";
import type { SchedulerNode } from "./scheduler-node.ts";
import { namespaceOf, type SchedulerPod } from "./scheduler-pod.ts";

export interface PodGroup {
  readonly namespace: string;
  readonly labels: Labels;
  readonly affinity: PodAffinity | undefined;
  /** How many of its pods are on each node; a missing entry is none. */
  readonly byNode: ReadonlyMap<SchedulerNode, number>;
}

export class PodGroups {
  readonly #groups = new Map<string, MutableGroup>();
  /** Those whose pods have affinities. */
  readonly #withAffinity = new Map<string, MutableGroup>();

  get all(): Iterable<PodGroup> {
    return this.#groups.values();
  }

  get withAffinity(): Iterable<PodGroup> {
    return this.#withAffinity.values();
  }

  get hasAffinity(): boolean {
    return this.#withAffinity.size > 0;
  }

  /** Pods without labels and affinities are found by nobody, and left out. */
  change(pod: SchedulerPod, node: SchedulerNode, sign: 1 | -1): void {
    const { labels, podAffinity } = pod;
    if (labels === undefined && podAffinity === undefined) return;
    const key = keyOf(pod);
    let group = this.#groups.get(key);
    if (group === undefined) {
      const namespace = namespaceOf(pod);
      group = { namespace, labels: labels ?? {}, affinity: podAffinity, byNode: new Map() };
      this.#groups.set(key, group);
      if (podAffinity !== undefined) this.#withAffinity.set(key, group);
    }
    const onNode = (group.byNode.get(node) ?? 0) + sign;
    if (onNode === 0) group.byNode.delete(node);
    else group.byNode.set(node, onNode);
    if (group.byNode.size > 0) return;
    this.#groups.delete(key);
    this.#withAffinity.delete(key);
  }
}

interface MutableGroup extends PodGroup {
  readonly byNode: Map<SchedulerNode, number>;
}

function keyOf(pod: SchedulerPod): string {
  const labels = Object.entries(pod.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([namespaceOf(pod), labels, pod.podAffinity]);
}
