// The simulator's side: kube-scheduler's model, and with it the extender's own filter and ranking over a ledger, in the
// state that the API objects describe.

import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { decodeNode } from "#kube/decode-node.ts";
import { decodeOwner } from "#kube/decode-owner.ts";
import { decodePod } from "#kube/decode-pod.ts";
import type { NodeName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { DEFAULT_PROMISE_LIMITS } from "#scheduler-extender/policy/promise.ts";
import { filterNodes, prioritizeNodes, scoresOf } from "#scheduler-extender/policy/verbs.ts";
import { decodeDriverPod, decodeNodeSpec, type DriverPod } from "#sim/driver/decode-scheduling.ts";
import { EXTENDER_WEIGHT } from "#sim/driver/scheduler-driver.ts";
import { addExtenderScores, KubeSchedulerModel } from "#sim/policies/kube-scheduler.ts";
import { SchedulerCluster } from "#sim/policies/scheduler-cluster.ts";
import { type SchedulerNode } from "#sim/policies/scheduler-node.ts";
import type { StartingState } from "./fidelity-bed.ts";
import type { FidelityMode } from "./real-run.ts";

export interface SimulatedDecision {
  /** What kube-scheduler's own filters leave. */
  readonly offered: readonly string[];
  /** What the extender leaves of it; the same without one. */
  readonly feasible: readonly string[];
  /** By node, the extender's scores included; empty where there is nothing to choose. */
  readonly totals: ReadonlyMap<string, number>;
  /** The nodes of the highest total, one of which is taken. */
  readonly best: readonly string[];
  /** How many nodes each reason turned down. */
  readonly rejections: ReadonlyMap<string, number>;
}

export class SimulatedScheduler {
  readonly #cluster: SchedulerCluster;
  readonly #model: KubeSchedulerModel;
  readonly #ledger: ClusterLedger | undefined;

  constructor(state: StartingState, mode: FidelityMode) {
    this.#cluster = new SchedulerCluster(state.nodes.map(decodeNodeSpec));
    this.#model = new KubeSchedulerModel(this.#cluster, {
      scoring: "LeastAllocated",
      percentageOfNodesToScore: 100,
    });
    this.#ledger = mode === "score" ? ledgerOf(state) : undefined;
    for (const proxy of state.proxies) this.bind(proxy);
  }

  decide(raw: unknown, nowMs: number): SimulatedDecision {
    const pod = decodeDriverPod(raw);
    const { feasible: offered, rejections } = this.#model.filter(pod.wishes);
    const { feasible, reasons } = this.#filter(pod, { offered, nowMs });
    const totals = feasible.length > 1 ? this.#score(pod, { feasible, nowMs }) : new Map<string, number>();
    const max = Math.max(...totals.values());
    const names = feasible.map(({ name }) => name);
    return {
      offered: offered.map(({ name }) => name),
      feasible: names,
      totals,
      best: totals.size === 0 ? names : names.filter((name) => totals.get(name) === max),
      rejections: new Map<string, number>([...rejections, ...reasons]),
    };
  }

  /** Takes over where the pod went. */
  bind(raw: unknown): void {
    const { view, wishes } = decodeDriverPod(raw);
    if (view.nodeName === undefined) throw new Error(`${view.name} is bound nowhere`);
    this.#cluster.addPod(view.nodeName, wishes);
    this.#ledger?.upsertPod(view);
  }

  /** The pod was turned down, and is gone. */
  forget(raw: unknown): void {
    this.#ledger?.removePod(decodePod(raw).uid);
  }

  #filter(
    { view }: DriverPod,
    { offered, nowMs }: { readonly offered: readonly SchedulerNode[]; readonly nowMs: number },
  ): { readonly feasible: readonly SchedulerNode[]; readonly reasons: ReadonlyMap<string, number> } {
    const ledger = this.#ledger;
    // Kube-scheduler asks no extender about nothing.
    if (ledger === undefined || offered.length === 0) return { feasible: offered, reasons: new Map() };
    ledger.upsertPod(view);
    const nodes = offered.map(({ name }) => name as NodeName);
    const { passed, rejected } = filterNodes(ledger, { pod: view, nodes }, contextAt(nowMs));
    const reasons = new Map<string, number>();
    for (const reason of rejected.values()) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    const left = new Set<string>(passed);
    return { feasible: offered.filter(({ name }) => left.has(name)), reasons };
  }

  #score(
    { view, wishes }: DriverPod,
    { feasible, nowMs }: { readonly feasible: readonly SchedulerNode[]; readonly nowMs: number },
  ): ReadonlyMap<string, number> {
    const totals = this.#model.score(wishes, feasible);
    const names = feasible.map(({ name }) => name as NodeName);
    if (this.#ledger !== undefined) {
      const placement = prioritizeNodes(this.#ledger, { pod: view, nodes: names }, contextAt(nowMs));
      const scores = new Map(scoresOf(placement?.ranking ?? []).map(({ node, score }) => [node, score]));
      const given = names.map((name) => scores.get(name) ?? 0);
      addExtenderScores(totals, given, EXTENDER_WEIGHT);
    }
    return new Map(names.map((name, index) => [name, totals[index] ?? 0]));
  }
}

function ledgerOf({ nodes, owners, profiles }: StartingState): ClusterLedger {
  const ledger = new ClusterLedger();
  for (const node of nodes) ledger.upsertNode(decodeNode(node));
  for (const owner of owners) ledger.upsertOwner(decodeOwner(owner));
  for (const profile of profiles) ledger.setProfile(decodeMeshProfile(profile));
  return ledger;
}

function contextAt(nowMs: number): Parameters<typeof filterNodes>[2] {
  return { nowMs, limits: DEFAULT_PROMISE_LIMITS };
}
