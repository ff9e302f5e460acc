// Pods that want to be beside others or apart from them: pkg/scheduler/framework/plugins/interpodaffinity. What a pod
// demands is asked of all that is placed, and what placed pods demand of it. Soft wishes count both ways as well, and
// placed pods' hard wish to be beside it counts softly (hardPodAffinityWeight).
//
// Not in it: namespaceSelector with requirements, which needs the labels of namespaces.

import type { PodGroup, PodGroups } from "./pod-groups.ts";
import { compileSelector } from "./label-selector.ts";
import type { AffinityTerm, PodAffinity, WeightedAffinityTerm } from "./pod-affinity.ts";
import { NODE_SCORE_MAX } from "./score-normalization.ts";
import type { SchedulerNode } from "./scheduler-node.ts";
import { namespaceOf, type SchedulerPod } from "./scheduler-pod.ts";

export type AffinityRejection =
  | "node(s) didn't match pod affinity rules"
  | "node(s) didn't match pod anti-affinity rules"
  | "node(s) didn't satisfy existing pods anti-affinity rules";

/** A test for nodes as things are now, or undefined if no node can fail it. */
export function affinityFilter(
  pod: SchedulerPod,
  groups: PodGroups,
): ((node: SchedulerNode) => AffinityRejection | undefined) | undefined {
  const required = (pod.podAffinity?.required ?? []).map((term) => compileTerm(term, pod));
  const apart = (pod.podAffinity?.requiredApart ?? []).map((term) => compileTerm(term, pod));
  if (required.length === 0 && apart.length === 0 && !groups.hasAffinity) return undefined;
  const beside = new PlaceSums();
  const avoided = new PlaceSums();
  const avoiding = new PlaceSums();
  if (required.length > 0 || apart.length > 0) {
    for (const group of groups.all) {
      // One and the same pod has to match all of them.
      if (required.length > 0 && required.every((term) => term.matches(group))) {
        for (const { topologyKey } of required) beside.add(group, topologyKey, 1);
      }
      for (const term of apart) if (term.matches(group)) avoided.add(group, term.topologyKey, 1);
    }
  }
  const incoming = seenAs(pod);
  for (const group of groups.withAffinity) {
    for (const term of group.affinity?.requiredApart ?? []) {
      if (compileTerm(term, group).matches(incoming)) avoiding.add(group, term.topologyKey, 1);
    }
  }
  // The first pod of those that want to be together has nobody to join.
  const mayBeFirst = beside.isEmpty && required.every((term) => term.matches(incoming));
  return (node) => {
    for (const { topologyKey } of required) {
      if (node.labels[topologyKey] === undefined) return "node(s) didn't match pod affinity rules";
      if (!mayBeFirst && beside.at(node, topologyKey) === 0) return "node(s) didn't match pod affinity rules";
    }
    if (avoided.touches(node)) return "node(s) didn't match pod anti-affinity rules";
    if (avoiding.touches(node)) return "node(s) didn't satisfy existing pods anti-affinity rules";
    return undefined;
  };
}

// pkg/scheduler/apis/config/v1/defaults.go.
const HARD_POD_AFFINITY_WEIGHT = 1;

/** Writes the normalised scores, 0 to 100, of the feasible nodes; false, writing nothing, where nothing is wished. */
export function scoreAffinity(
  pod: SchedulerPod,
  { feasible, groups }: { readonly feasible: readonly SchedulerNode[]; readonly groups: PodGroups },
  scores: Float64Array,
): boolean {
  const preferred = [
    ...weighted(pod.podAffinity?.preferred, 1),
    ...weighted(pod.podAffinity?.preferredApart, -1),
  ];
  if (preferred.length === 0 && !groups.hasAffinity) return false;
  const sums = new PlaceSums();
  const ownTerms = preferred.map(({ term, weight }) => ({ term: compileTerm(term, pod), weight }));
  if (ownTerms.length > 0) {
    for (const group of groups.all) {
      for (const { term, weight } of ownTerms)
        if (term.matches(group)) sums.add(group, term.topologyKey, weight);
    }
  }
  const incoming = seenAs(pod);
  for (const group of groups.withAffinity) {
    for (const { term, weight } of wishesAboutOthers(group.affinity)) {
      if (compileTerm(term, group).matches(incoming)) sums.add(group, term.topologyKey, weight);
    }
  }
  if (sums.isEmpty) return false;
  normalize(feasible, sums, scores);
  return true;
}

function wishesAboutOthers(affinity: PodAffinity | undefined): readonly WeightedAffinityTerm[] {
  const hard = (affinity?.required ?? []).map((term) => ({ term, weight: HARD_POD_AFFINITY_WEIGHT }));
  return [...hard, ...weighted(affinity?.preferred, 1), ...weighted(affinity?.preferredApart, -1)];
}

function weighted(
  terms: readonly WeightedAffinityTerm[] | undefined,
  sign: 1 | -1,
): readonly WeightedAffinityTerm[] {
  return (terms ?? []).map(({ term, weight }) => ({ term, weight: sign * weight }));
}

function normalize(feasible: readonly SchedulerNode[], sums: PlaceSums, scores: Float64Array): void {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < feasible.length; index++) {
    const sum = sums.of(feasible[index] as SchedulerNode);
    scores[index] = sum;
    min = Math.min(min, sum);
    max = Math.max(max, sum);
  }
  for (let index = 0; index < feasible.length; index++) {
    const score = scores[index] as number;
    // In upstream's order of floating-point steps, whose result is cut.
    scores[index] = max > min ? Math.trunc(NODE_SCORE_MAX * ((score - min) / (max - min))) : 0;
  }
}

/** What a term sees of a pod. */
type SeenPod = Pick<PodGroup, "namespace" | "labels">;

interface CompiledTerm {
  readonly topologyKey: string;
  matches(pod: SeenPod): boolean;
}

function compileTerm({ labelSelector, topologyKey, namespaces }: AffinityTerm, owner: Owner): CompiledTerm {
  const selector = compileSelector(labelSelector);
  const within = namespaces ?? [namespaceOf(owner)];
  return {
    topologyKey,
    matches: ({ namespace, labels }) =>
      (within === "all" || within.includes(namespace)) && selector.matches(labels),
  };
}

type Owner = Pick<SchedulerPod, "namespace">;

function seenAs(pod: SchedulerPod): SeenPod {
  return { namespace: namespaceOf(pod), labels: pod.labels ?? {} };
}

/** Sums by place: a label of nodes and its value. */
class PlaceSums {
  readonly #byKey = new Map<string, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  /** Adds `weight` for each pod of the group, at the place its node is in; nodes without the label are in none. */
  add({ byNode }: PodGroup, key: string, weight: number): void {
    for (const [node, pods] of byNode) {
      const value = node.labels[key];
      if (value === undefined) continue;
      const byValue = this.#byKey.get(key) ?? new Map<string, number>();
      this.#byKey.set(key, byValue.set(value, (byValue.get(value) ?? 0) + weight * pods));
    }
  }

  at(node: SchedulerNode, key: string): number {
    const value = node.labels[key];
    return value === undefined ? 0 : (this.#byKey.get(key)?.get(value) ?? 0);
  }

  /** Over all labels. */
  of(node: SchedulerNode): number {
    let sum = 0;
    for (const key of this.#byKey.keys()) sum += this.at(node, key);
    return sum;
  }

  /** True if the node is in a place with a sum above 0. */
  touches(node: SchedulerNode): boolean {
    for (const key of this.#byKey.keys()) if (this.at(node, key) > 0) return true;
    return false;
  }
}
