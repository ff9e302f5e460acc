// All of the extender's metrics.

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ClusterLedger } from "#model/ledger.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Placement } from "../policy/placement.ts";
import type { NodePreemption } from "../policy/preemption.ts";
import type { FilterResult } from "../policy/verbs.ts";

export type Verb = "filter" | "prioritize" | "preempt" | "admit";

export interface ExtenderMetrics {
  readonly registry: Registry;
  /** Call the returned function when the verb has its answer. */
  verbStarted(verb: Verb): () => void;
  filtered(result: FilterResult): void;
  prioritized(placement: Placement | undefined): void;
  preempted(nodes: ReadonlyMap<unknown, NodePreemption>): void;
  promisesExpired(count: number): void;
  /** For what was in the request, with this status. */
  refused(status: number): void;
  admitted(outcome: AdmissionOutcome): void;
  leadershipChanged(isLeading: boolean): void;
}

export type AdmissionOutcome =
  | "injected"
  | "optedOut"
  | "noApp"
  | "noPorts"
  | "proxySized"
  | "proxyAsTemplate";

export function createExtenderMetrics(ledger: ClusterLedger, clock: Clock): ExtenderMetrics {
  const registry = new Registry();
  const registers = [registry];
  const duration = new Histogram({
    name: "berth_extender_verb_duration_seconds",
    help: "Time to answer a verb, decoding included.",
    labelNames: ["verb"],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    registers,
  });
  const rejected = new Counter({
    name: "berth_extender_rejected_nodes_total",
    help: "Nodes that filter rejected, by reason (reference/reasons.md).",
    labelNames: ["reason"],
    registers,
  });
  const decisions = new Counter({
    name: "berth_extender_decisions_total",
    help: "Answers by verb and verdict: for filter fits, oneFits, winnerOnly (of several, with --candidates 1) or noneFits; for prioritize joinsInstance, opensInstance, outsideMesh or noneFits; for preempt keptVictims (a node with kube-scheduler's own victims), addedVictims (only nodes with more) or noneFits.",
    labelNames: ["verb", "verdict"],
    registers,
  });
  const preemptions = new Counter({
    name: "berth_extender_preemption_nodes_total",
    help: "Nodes that kube-scheduler offered to preempt pods on, by outcome: keptVictims, addedVictims or droppedNode.",
    labelNames: ["outcome"],
    registers,
  });
  const admissions = new Counter({
    name: "berth_extender_admissions_total",
    help: "Pods and node proxies seen by the webhooks, by outcome: injected, or why not (optedOut, noApp, noPorts); proxySized, or proxyAsTemplate where nothing is known of the node.",
    labelNames: ["outcome"],
    registers,
  });
  const expired = new Counter({
    name: "berth_extender_expired_reservations_total",
    help: "Promises that ran out before the pod was seen bound; more than a few mean that bindings get lost.",
    registers,
  });
  const refusals = new Counter({
    name: "berth_extender_refused_requests_total",
    help: "Verbs refused for what was sent and how, by status: 400 malformed, 401 without the client certificate that is asked for, 413 too large, 503 too many at once.",
    labelNames: ["status"],
    registers,
  });
  const leading = new Gauge({
    name: "berth_extender_leading",
    help: "1 on the replica that holds the Lease and answers verbs; the sum over replicas is 0 while nobody does.",
    registers,
  });
  registerGauges(registry, { ledger, clock, expired });
  return {
    registry,
    verbStarted: (verb) => duration.startTimer({ verb }),
    filtered(result) {
      expired.inc(result.expired);
      for (const reason of result.rejected.values()) rejected.inc({ reason });
      decisions.inc({ verb: "filter", verdict: filterVerdict(result) });
    },
    prioritized: (placement) =>
      decisions.inc({ verb: "prioritize", verdict: placement?.reason ?? "noneFits" }),
    preempted(nodes) {
      const outcomes = [...nodes.values()].map(({ kind }) => kind);
      for (const outcome of outcomes) preemptions.inc({ outcome });
      const verdict = (["keptVictims", "addedVictims"] as const).find((kind) => outcomes.includes(kind));
      decisions.inc({ verb: "preempt", verdict: verdict ?? "noneFits" });
    },
    promisesExpired: (count) => expired.inc(count),
    refused: (status) => refusals.inc({ status: String(status) }),
    admitted: (outcome) => admissions.inc({ outcome }),
    leadershipChanged: (isLeading) => leading.set(isLeading ? 1 : 0),
  };
}

/** `ageMs` is not finite before the first contact. */
export function registerCacheAge(registry: Registry, ageMs: () => number): void {
  registry.registerMetric(
    new Gauge({
      name: "berth_extender_cache_age_seconds",
      help: "Time since the API server was last heard of by the watch that is the most out of touch, bookmarks included; above 900 the replica is not ready.",
      registers: [],
      collect() {
        const seconds = ageMs() / 1000;
        if (Number.isFinite(seconds)) this.set(seconds);
      },
    }),
  );
}

function filterVerdict({ passed, withheld }: FilterResult): string {
  if (passed.length === 0) return "noneFits";
  if (withheld > 0) return "winnerOnly";
  return passed.length === 1 ? "oneFits" : "fits";
}

interface Gauges {
  readonly ledger: ClusterLedger;
  readonly clock: Clock;
  readonly expired: Counter;
}

function registerGauges(registry: Registry, { ledger, clock, expired }: Gauges): void {
  registry.registerMetric(
    new Gauge({
      name: "berth_extender_reservations",
      help: "Pods that hold a promise and are not seen bound yet.",
      registers: [],
      collect() {
        expired.inc(ledger.expire(clock.nowMs()).length);
        this.set(ledger.reservationCount);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "berth_extender_nodes",
      help: "Nodes in the ledger.",
      registers: [],
      collect() {
        this.set(ledger.nodeCount);
      },
    }),
  );
}
