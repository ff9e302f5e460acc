// The spread constraints that a pod brings itself: pkg/scheduler/framework/plugins/podtopologyspread, filtering.go for
// those that must hold and scoring.go for those that should.
//
// Not in it: comparing tolerations of nodeTaintsPolicy, and pods that are terminating, which upstream does not count.

import type { Labels } from "#model/app.ts";
import type { NodeMatcher } from "#model/node-affinity.ts";
import { toleratesTaints } from "#model/taints.ts";
import { type CompiledSelector, compileSelector, type LabelSelector } from "./label-selector.ts";
import type { PodGroups } from "./pod-groups.ts";
import { NODE_SCORE_MAX } from "./score-normalization.ts";
import { HOSTNAME_LABEL, type SchedulerNode } from "./scheduler-node.ts";
import { namespaceOf, type SchedulerPod } from "./scheduler-pod.ts";
import type { SpreadConstraint } from "./spread-constraint.ts";

export type SpreadRejection =
  | "node(s) didn't match pod topology spread constraints"
  | "node(s) didn't match pod topology spread constraints (missing required label)";

export interface SpreadState {
  /** All nodes of the cluster. */
  readonly nodes: readonly SchedulerNode[];
  readonly groups: PodGroups;
  /** The pod's hard node wishes, if it has any. */
  readonly matcher: NodeMatcher | undefined;
}

/** A test for nodes as things are now, or undefined if the pod has no constraint that must hold. */
export function spreadFilter(
  pod: SchedulerPod,
  state: SpreadState,
): ((node: SchedulerNode) => SpreadRejection | undefined) | undefined {
  const constraints = compileConstraints(pod, "DoNotSchedule");
  if (constraints.length === 0) return undefined;
  const labels = pod.labels ?? {};
  const keys = keysOf(constraints);
  const domains = constraints.map((compiled) => {
    const { constraint, selector } = compiled;
    const pods = countPods(compiled, pod, { ...state, keys });
    const least = pods.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...pods.values());
    return { constraint, pods, least, self: selector.matches(labels) ? 1 : 0 };
  });
  return ({ labels: nodeLabels }) => {
    for (const { constraint, pods, least, self } of domains) {
      const value = nodeLabels[constraint.topologyKey];
      if (value === undefined)
        return "node(s) didn't match pod topology spread constraints (missing required label)";
      if ((pods.get(value) ?? 0) + self - least > constraint.maxSkew)
        return "node(s) didn't match pod topology spread constraints";
    }
    return undefined;
  };
}

/** Writes the normalised scores, 0 to 100, of the feasible nodes; false, writing nothing, without such constraints. */
export function scoreOwnSpread(
  pod: SchedulerPod,
  { feasible, ...state }: SpreadState & { readonly feasible: readonly SchedulerNode[] },
  scores: Float64Array,
): boolean {
  const constraints = compileConstraints(pod, "ScheduleAnyway");
  if (constraints.length === 0) return false;
  const keys = keysOf(constraints);
  const scored = feasible.filter(({ labels }) => hasLabels(labels, keys));
  const terms = constraints.map((compiled) => {
    const { topologyKey, maxSkew } = compiled.constraint;
    const isByNode = topologyKey === HOSTNAME_LABEL;
    const pods = isByNode ? undefined : countPods(compiled, pod, { ...state, keys });
    const ofNode = isByNode ? podsByNode(compiled.selector, pod, state.groups) : undefined;
    const values = new Set(scored.map(({ labels }) => labels[topologyKey]));
    const weight = Math.log((isByNode ? scored.length : values.size) + 2);
    const count = (node: SchedulerNode): number =>
      ofNode?.get(node) ?? pods?.get(node.labels[topologyKey] ?? "") ?? 0;
    return (node: SchedulerNode): number => count(node) * weight + maxSkew - 1;
  });
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  feasible.forEach((node, index) => {
    scores[index] = MISSES_A_LABEL;
    if (!hasLabels(node.labels, keys)) return;
    const score = Math.round(terms.reduce((sum, term) => sum + term(node), 0));
    scores[index] = score;
    min = Math.min(min, score);
    max = Math.max(max, score);
  });
  for (let index = 0; index < feasible.length; index++) {
    const score = scores[index] as number;
    if (score === MISSES_A_LABEL) scores[index] = 0;
    else
      scores[index] = max === 0 ? NODE_SCORE_MAX : Math.trunc((NODE_SCORE_MAX * (max + min - score)) / max);
  }
  return true;
}

const MISSES_A_LABEL = -1;

interface CompiledConstraint {
  readonly constraint: SpreadConstraint;
  readonly selector: CompiledSelector;
}

function compileConstraints(
  { spreadConstraints = [], labels = {} }: SchedulerPod,
  action: SpreadConstraint["whenUnsatisfiable"],
): readonly CompiledConstraint[] {
  return spreadConstraints
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
    .map((constraint) => ({ constraint, selector: compileSelector(withOwnLabels(constraint, labels)) }));
}

function withOwnLabels(
  { labelSelector, matchLabelKeys = [] }: SpreadConstraint,
  labels: Labels,
): LabelSelector | undefined {
  if (labelSelector === undefined) return undefined;
  const expressions = matchLabelKeys.flatMap((key) => {
    const value = labels[key];
    return value === undefined ? [] : [{ key, operator: "In", values: [value] }];
  });
  return { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...expressions] };
}

function keysOf(constraints: readonly CompiledConstraint[]): readonly string[] {
  return constraints.map(({ constraint }) => constraint.topologyKey);
}

function hasLabels(labels: Labels, keys: readonly string[]): boolean {
  return keys.every((key) => labels[key] !== undefined);
}

/** Matching pods by value of the constraint's label, over the nodes that count: those with all labels that are named. */
function countPods(
  { constraint, selector }: CompiledConstraint,
  pod: SchedulerPod,
  { nodes, groups, matcher, keys }: SpreadState & { readonly keys: readonly string[] },
): Map<string, number> {
  const { topologyKey, nodeAffinityPolicy, nodeTaintsPolicy } = constraint;
  const byNode = podsByNode(selector, pod, groups);
  const counts = new Map<string, number>();
  for (const node of nodes) {
    if (!hasLabels(node.labels, keys)) continue;
    if (nodeAffinityPolicy !== "Ignore" && matcher !== undefined && !matcher(node)) continue;
    if (nodeTaintsPolicy === "Honor" && !toleratesTaints(node.taints, pod.tolerations ?? [])) continue;
    const value = node.labels[topologyKey] ?? "";
    counts.set(value, (counts.get(value) ?? 0) + (byNode.get(node) ?? 0));
  }
  return counts;
}

function podsByNode(
  selector: CompiledSelector,
  pod: SchedulerPod,
  groups: PodGroups,
): ReadonlyMap<SchedulerNode, number> {
  const counts = new Map<SchedulerNode, number>();
  if (selector.isEmpty) return counts;
  for (const { namespace, labels, byNode } of groups.all) {
    if (namespace !== namespaceOf(pod) || !selector.matches(labels)) continue;
    for (const [node, pods] of byNode) counts.set(node, (counts.get(node) ?? 0) + pods);
  }
  return counts;
}
