// The oracle's part that looks at other pods: spread constraints, affinities, host ports and images, read once more from
// upstream, pod by pod and node by node, with nothing grouped. For tests; slow.

import type { NodeSpec } from "./scheduler-cluster.ts";
import type { AffinityTerm, WeightedAffinityTerm } from "./pod-affinity.ts";
import type { LabelSelector } from "./label-selector.ts";
import type { SchedulerPod } from "./scheduler-pod.ts";

/** A placed pod, its node beside it. */
export interface Standing {
  readonly pod: SchedulerPod;
  readonly node: NodeSpec;
}

type Labels = Readonly<Record<string, string>>;

/** interpodaffinity/filtering.go: satisfyPodAffinity, satisfyPodAntiAffinity, satisfyExistingPodsAntiAffinity. */
export function oracleAffinityHolds(
  pod: SchedulerPod,
  node: NodeSpec,
  standing: readonly Standing[],
): boolean {
  const required = pod.podAffinity?.required ?? [];
  const isMatch = (other: SchedulerPod): boolean => required.every((term) => sees(term, pod, other));
  const labelled = (key: string): readonly Standing[] =>
    standing.filter((other) => isMatch(other.pod) && other.node.labels?.[key] !== undefined);
  const isNobodyThere = required.every(({ topologyKey }) => labelled(topologyKey).length === 0);
  for (const { topologyKey } of required) {
    if (node.labels?.[topologyKey] === undefined) return false;
    const hasOne = labelled(topologyKey).some((other) => isSamePlace(other.node, node, topologyKey));
    if (!hasOne && !(isNobodyThere && isMatch(pod))) return false;
  }
  return standing.every(
    (other) =>
      (pod.podAffinity?.requiredApart ?? []).every(
        (term) => !sees(term, pod, other.pod) || !isSamePlace(other.node, node, term.topologyKey),
      ) &&
      (other.pod.podAffinity?.requiredApart ?? []).every(
        (term) => !sees(term, other.pod, pod) || !isSamePlace(other.node, node, term.topologyKey),
      ),
  );
}

/** interpodaffinity/scoring.go, normalised. */
export function oracleAffinityScores(
  pod: SchedulerPod,
  nodes: readonly NodeSpec[],
  standing: readonly Standing[],
): bigint[] {
  const raw = nodes.map((node) => {
    let sum = 0;
    const add = (term: AffinityTerm, weight: number, other: Standing, isSeen: boolean): void => {
      if (isSeen && isSamePlace(other.node, node, term.topologyKey)) sum += weight;
    };
    for (const other of standing) {
      for (const { term, weight } of weightedTerms(pod)) add(term, weight, other, sees(term, pod, other.pod));
      const theirs = other.pod.podAffinity?.required ?? [];
      for (const term of theirs) add(term, 1, other, sees(term, other.pod, pod));
      for (const { term, weight } of weightedTerms(other.pod))
        add(term, weight, other, sees(term, other.pod, pod));
    }
    return sum;
  });
  const [min, max] = [Math.min(...raw), Math.max(...raw)];
  return raw.map((sum) => (max > min ? BigInt(Math.trunc(100 * ((sum - min) / (max - min)))) : 0n));
}

function weightedTerms({ podAffinity }: SchedulerPod): readonly WeightedAffinityTerm[] {
  const apart = podAffinity?.preferredApart ?? [];
  return [...(podAffinity?.preferred ?? []), ...apart.map(({ term, weight }) => ({ term, weight: -weight }))];
}

/** podtopologyspread/filtering.go. */
export function oracleSpreadHolds(
  pod: SchedulerPod,
  node: NodeSpec,
  { nodes, standing, wants }: OracleSpreadState,
): boolean {
  const hard = (pod.spreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule",
  );
  const keys = hard.map(({ topologyKey }) => topologyKey);
  return hard.every((constraint) => {
    const { topologyKey, labelSelector, maxSkew, minDomains = 1 } = constraint;
    const here = node.labels?.[topologyKey];
    if (here === undefined) return false;
    const counted = nodes.filter((other) => counts(other, { constraint, keys, wants, pod }));
    const places = new Map<string, number>();
    for (const other of counted) {
      const value = other.labels?.[topologyKey] ?? "";
      places.set(value, (places.get(value) ?? 0) + matchingOn(other, { labelSelector, pod, standing }));
    }
    const least = places.size < minDomains ? 0 : Math.min(...places.values());
    const self = selects(labelSelector, pod.labels ?? {}) ? 1 : 0;
    return (places.get(here) ?? 0) + self - least <= maxSkew;
  });
}

/** podtopologyspread/scoring.go, normalised; undefined where it is skipped. */
export function oracleSpreadScores(
  pod: SchedulerPod,
  feasible: readonly NodeSpec[],
  { nodes, standing, wants }: OracleSpreadState,
): bigint[] | undefined {
  const soft = (pod.spreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === "ScheduleAnyway",
  );
  if (soft.length === 0) return undefined;
  const keys = soft.map(({ topologyKey }) => topologyKey);
  const qualified = feasible.filter((node) => keys.every((key) => node.labels?.[key] !== undefined));
  const raw = feasible.map((node) => {
    if (!qualified.includes(node)) return undefined;
    let score = 0;
    for (const constraint of soft) {
      const { topologyKey, labelSelector, maxSkew } = constraint;
      const isHost = topologyKey === "kubernetes.io/hostname";
      const places = new Set(qualified.map(({ labels }) => labels?.[topologyKey]));
      const counted = isHost
        ? [node]
        : nodes.filter(
            (other) =>
              isSamePlace(other, node, topologyKey) && counts(other, { constraint, keys, wants, pod }),
          );
      const pods = sum(counted.map((other) => matchingOn(other, { labelSelector, pod, standing })));
      score += pods * Math.log((isHost ? qualified.length : places.size) + 2) + (maxSkew - 1);
    }
    return BigInt(Math.round(score));
  });
  const scores = raw.filter((score) => score !== undefined);
  const max = scores.reduce((a, b) => (a > b ? a : b), 0n);
  const min = scores.reduce((a, b) => (a < b ? a : b), max);
  return raw.map((score) => {
    if (score === undefined) return 0n;
    return max === 0n ? 100n : (100n * (max + min - score)) / max;
  });
}

export interface OracleSpreadState {
  readonly nodes: readonly NodeSpec[];
  readonly standing: readonly Standing[];
  /** The pod's nodeSelector and required node affinity. */
  readonly wants: (node: NodeSpec) => boolean;
}

interface Counted {
  readonly constraint: NonNullable<SchedulerPod["spreadConstraints"]>[number];
  readonly keys: readonly string[];
  readonly wants: (node: NodeSpec) => boolean;
  readonly pod: SchedulerPod;
}

function counts(node: NodeSpec, { constraint, keys, wants, pod }: Counted): boolean {
  if (keys.some((key) => node.labels?.[key] === undefined)) return false;
  if (constraint.nodeAffinityPolicy !== "Ignore" && !wants(node)) return false;
  if (constraint.nodeTaintsPolicy !== "Honor") return true;
  return (node.taints ?? []).every(
    (taint) =>
      taint.effect === "PreferNoSchedule" ||
      (pod.tolerations ?? []).some(
        ({ key, operator, value, effect }) =>
          ((effect ?? "") === "" || effect === taint.effect) &&
          ((key ?? "") === "" || key === taint.key) &&
          (operator === "Exists" || (value ?? "") === (taint.value ?? "")),
      ),
  );
}

interface Selection {
  readonly labelSelector: LabelSelector | undefined;
  readonly pod: SchedulerPod;
  readonly standing: readonly Standing[];
}

function matchingOn(node: NodeSpec, { labelSelector, pod, standing }: Selection): number {
  const { matchLabels = {}, matchExpressions = [] } = labelSelector ?? {};
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return 0;
  return standing.filter(
    (other) =>
      other.node.name === node.name &&
      (other.pod.namespace ?? "default") === (pod.namespace ?? "default") &&
      selects(labelSelector, other.pod.labels ?? {}),
  ).length;
}

export function oraclePortsAreFree(pod: SchedulerPod, there: readonly SchedulerPod[]): boolean {
  const any = (ip: string | undefined): boolean => ip === undefined || ip === "0.0.0.0";
  return (pod.hostPorts ?? []).every((a) =>
    there.every((other) =>
      (other.hostPorts ?? []).every(
        (b) =>
          a.port !== b.port ||
          (a.protocol ?? "TCP") !== (b.protocol ?? "TCP") ||
          !(any(a.ip) || any(b.ip) || a.ip === b.ip),
      ),
    ),
  );
}

export function oracleImageScore(pod: SchedulerPod, node: NodeSpec, nodes: readonly NodeSpec[]): bigint {
  if (pod.images === undefined) return 0n;
  const sizeOn = (other: NodeSpec, image: string): number | undefined =>
    other.images?.find(({ names }) => names.includes(image))?.sizeBytes;
  let total = 0;
  for (const image of pod.images) {
    const size = sizeOn(node, image);
    const having = nodes.filter((other) => sizeOn(other, image) !== undefined).length;
    if (size !== undefined) total += Math.trunc(size * (having / nodes.length));
  }
  const [least, most] = [23 * 2 ** 20, 1000 * 2 ** 20 * pod.images.length];
  const bounded = Math.min(Math.max(total, least), most);
  return (100n * BigInt(bounded - least)) / BigInt(most - least);
}

function sees(term: AffinityTerm, owner: SchedulerPod, other: SchedulerPod): boolean {
  const namespaces = term.namespaces ?? [owner.namespace ?? "default"];
  return (
    (namespaces === "all" || namespaces.includes(other.namespace ?? "default")) &&
    selects(term.labelSelector, other.labels ?? {})
  );
}

function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    if (labels[key] !== value) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === "Exists") return value !== undefined;
    if (operator === "DoesNotExist") return value === undefined;
    const isIn = value !== undefined && values.includes(value);
    return operator === "In" ? isIn : !isIn;
  });
}

function isSamePlace(a: NodeSpec, b: NodeSpec, key: string): boolean {
  return a.labels?.[key] !== undefined && a.labels[key] === b.labels?.[key];
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
