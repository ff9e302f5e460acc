// The model's check: the same rules read once more from upstream, with nothing cached, nothing incremental and integers
// as BigInt. For tests; slow.

import type { NodeSelectorRequirement, NodeSelectorTerm } from "#model/node-affinity.ts";
import { ZONE_LABEL } from "./node-tree.ts";
import {
  oracleAffinityHolds,
  oracleAffinityScores,
  oracleImageScore,
  oraclePortsAreFree,
  type OracleSpreadState,
  oracleSpreadHolds,
  oracleSpreadScores,
} from "./pod-wishes-oracle.ts";
import { HOSTNAME_LABEL } from "./scheduler-node.ts";
import type { NodeSpec } from "./scheduler-cluster.ts";
import type { SchedulerPod } from "./scheduler-pod.ts";
import type { Taint, Toleration } from "#model/taints.ts";

export interface OraclePlacement {
  readonly pod: SchedulerPod;
  readonly nodeName: string;
}

export interface OracleCluster {
  readonly nodes: readonly NodeSpec[];
  readonly placed: readonly OraclePlacement[];
}

export function oracleFeasible(
  pod: SchedulerPod,
  nodes: readonly NodeSpec[],
  placed: readonly OraclePlacement[],
): string[] {
  const state = stateOf(pod, { nodes, placed });
  return nodes
    .filter((node) => isFeasible(pod, node, podsOn(node, placed)))
    .filter((node) => oraclePortsAreFree(pod, podsOn(node, placed)))
    .filter((node) => oracleSpreadHolds(pod, node, state))
    .filter((node) => oracleAffinityHolds(pod, node, state.standing))
    .map(({ name }) => name);
}

function stateOf(pod: SchedulerPod, { nodes, placed }: OracleCluster): OracleSpreadState {
  const standing = nodes.flatMap((node) => podsOn(node, placed).map((there) => ({ pod: there, node })));
  return { nodes, standing, wants: (node) => wants(pod, node) };
}

function isFeasible(pod: SchedulerPod, node: NodeSpec, there: readonly SchedulerPod[]): boolean {
  const tolerations = pod.tolerations ?? [];
  const cordon: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  const taints = [...(node.taints ?? []), ...(node.isUnschedulable === true ? [cordon] : [])];
  const hard = taints.filter(({ effect }) => effect !== "PreferNoSchedule");
  if (hard.some((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)))) return false;
  if (!wants(pod, node)) return false;
  if (there.length >= (node.podsMax ?? 110)) return false;
  const { cpuMilli, memoryBytes } = pod.request;
  const cpuFree = node.allocatable.cpuMilli - sum(there.map(({ request }) => request.cpuMilli));
  const memoryFree = node.allocatable.memoryBytes - sum(there.map(({ request }) => request.memoryBytes));
  const hasOthers = Object.entries(pod.otherRequests ?? {}).every(([name, amount]) => {
    const taken = sum(there.map(({ otherRequests }) => otherRequests?.[name] ?? 0));
    return amount === 0 || amount + taken <= (node.otherAllocatable?.[name] ?? 0);
  });
  return (
    hasOthers && (cpuMilli === 0 || cpuMilli <= cpuFree) && (memoryBytes === 0 || memoryBytes <= memoryFree)
  );
}

export function oracleTotals(pod: SchedulerPod, names: readonly string[], cluster: OracleCluster): number[] {
  const nodes = names.flatMap((name) => cluster.nodes.filter((node) => node.name === name));
  const fit = nodes.map((node) => leastAllocated(pod, node, podsOn(node, cluster.placed)));
  const balance = nodes.map((node) => balanceChange(pod, node, podsOn(node, cluster.placed)));
  const taints = reversed(nodes.map((node) => softTaints(pod, node)));
  const affinity = normalized(nodes.map((node) => preference(pod, node)));
  const state = stateOf(pod, cluster);
  const hasOwn = (pod.spreadConstraints ?? []).length > 0;
  const spread = hasOwn ? (oracleSpreadScores(pod, nodes, state) ?? []) : spreading(pod, nodes, cluster);
  const others = oracleAffinityScores(pod, nodes, state.standing);
  const images = nodes.map((node) => oracleImageScore(pod, node, cluster.nodes));
  const at = (scores: readonly bigint[], index: number) => scores[index] ?? 0n;
  return nodes.map((_, i) =>
    Number(
      at(fit, i) +
        at(balance, i) +
        3n * at(taints, i) +
        2n * at(affinity, i) +
        2n * at(spread, i) +
        2n * at(others, i) +
        at(images, i),
    ),
  );
}

function podsOn(node: NodeSpec, placed: readonly OraclePlacement[]): SchedulerPod[] {
  return placed.filter(({ nodeName }) => nodeName === node.name).map(({ pod }) => pod);
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key, operator, value, effect } = toleration;
  const isOfEffect = effect === undefined || effect === "" || effect === taint.effect;
  const isOfKey = key === undefined || key === "" || key === taint.key;
  const isOfValue = operator === "Exists" || (value ?? "") === (taint.value ?? "");
  return isOfEffect && isOfKey && isOfValue;
}

function wants(pod: SchedulerPod, node: NodeSpec): boolean {
  const labels = node.labels ?? {};
  for (const [key, value] of Object.entries(pod.nodeSelector ?? {})) if (labels[key] !== value) return false;
  return pod.requiredTerms === undefined || pod.requiredTerms.some((term) => termMatches(term, labels));
}

function termMatches(term: NodeSelectorTerm, labels: Readonly<Record<string, string>>): boolean {
  const expressions = term.matchExpressions ?? [];
  return expressions.length > 0 && expressions.every((expression) => expressionMatches(expression, labels));
}

function expressionMatches(
  { key, operator, values = [] }: NodeSelectorRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const label = labels[key];
  if (operator === "In") return label !== undefined && values.includes(label);
  if (operator === "NotIn") return values.length > 0 && (label === undefined || !values.includes(label));
  if (operator === "Exists") return values.length === 0 && label !== undefined;
  if (operator === "DoesNotExist") return values.length === 0 && label === undefined;
  const [bound] = values;
  const isNumber = (text: string | undefined) => text !== undefined && /^\d+$/.test(text);
  if (values.length !== 1 || !isNumber(bound) || !isNumber(label)) return false;
  return operator === "Gt" ? Number(label) > Number(bound) : Number(label) < Number(bound);
}

function leastAllocated(pod: SchedulerPod, node: NodeSpec, there: readonly SchedulerPod[]): bigint {
  const share = (capacity: number, requests: readonly number[], missing: number) => {
    const requested = BigInt(sum(requests.map((request) => (request === 0 ? missing : request))));
    return requested > BigInt(capacity) ? 0n : ((BigInt(capacity) - requested) * 100n) / BigInt(capacity);
  };
  const all = [...there, pod];
  const cpu = share(
    node.allocatable.cpuMilli,
    all.map(({ request }) => request.cpuMilli),
    100,
  );
  const memory = share(
    node.allocatable.memoryBytes,
    all.map(({ request }) => request.memoryBytes),
    200 * 1024 * 1024,
  );
  return (cpu + memory) / 2n;
}

function balanceChange(pod: SchedulerPod, node: NodeSpec, there: readonly SchedulerPod[]): bigint {
  if (pod.request.cpuMilli === 0 && pod.request.memoryBytes === 0) return 0n;
  const balance = (pods: readonly SchedulerPod[]) => {
    const cpu = Math.min(1, sum(pods.map(({ request }) => request.cpuMilli)) / node.allocatable.cpuMilli);
    const memory = Math.min(
      1,
      sum(pods.map(({ request }) => request.memoryBytes)) / node.allocatable.memoryBytes,
    );
    return BigInt(Math.trunc((1 - Math.abs((cpu - memory) / 2)) * 100));
  };
  return 50n + (50n + balance([...there, pod]) - balance(there)) / 2n;
}

function softTaints(pod: SchedulerPod, node: NodeSpec): bigint {
  const soft = (node.taints ?? []).filter(({ effect }) => effect === "PreferNoSchedule");
  const untolerated = soft.filter((taint) => !(pod.tolerations ?? []).some((t) => tolerates(t, taint)));
  return BigInt(untolerated.length);
}

function preference(pod: SchedulerPod, node: NodeSpec): bigint {
  const matching = (pod.preferredTerms ?? []).filter((term) =>
    termMatches(term.preference, node.labels ?? {}),
  );
  return BigInt(sum(matching.map(({ weight }) => weight)));
}

function spreading(pod: SchedulerPod, nodes: readonly NodeSpec[], cluster: OracleCluster): bigint[] {
  if (pod.spreadGroup === undefined) return [];
  const group = cluster.placed.filter((placement) => placement.pod.spreadGroup === pod.spreadGroup);
  const zones = new Set(nodes.map((node) => node.labels?.[ZONE_LABEL] ?? ""));
  const raw = nodes.map((node) => {
    let score = 0;
    if (node.labels?.[HOSTNAME_LABEL] !== undefined) {
      const onNode = group.filter(({ nodeName }) => nodeName === node.name).length;
      score += onNode * Math.log(nodes.length + 2) + 2;
    }
    const zone = node.labels?.[ZONE_LABEL];
    if (zone !== undefined) {
      const inZone = group.filter(({ nodeName }) => {
        const other = cluster.nodes.find(({ name }) => name === nodeName);
        return other?.labels?.[ZONE_LABEL] === zone && wants(pod, other);
      }).length;
      score += inZone * Math.log(zones.size + 2) + 4;
    }
    return BigInt(Math.round(score));
  });
  const max = raw.reduce((a, b) => (a > b ? a : b), 0n);
  const min = raw.reduce((a, b) => (a < b ? a : b), max);
  return raw.map((score) => (max === 0n ? 100n : (100n * (max + min - score)) / max));
}

function normalized(raw: readonly bigint[]): bigint[] {
  const max = raw.reduce((a, b) => (a > b ? a : b), 0n);
  return raw.map((score) => (max === 0n ? 0n : (100n * score) / max));
}

function reversed(raw: readonly bigint[]): bigint[] {
  return normalized(raw).map((score) => 100n - score);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
