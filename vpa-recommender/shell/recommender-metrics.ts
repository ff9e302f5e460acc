// All of the recommender's metrics.

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { HistoryFault } from "../policy/range-samples.ts";
import type { RestoreOutcome } from "../policy/restore-outcome.ts";
import type { ReadingFault } from "../policy/usage-reading.ts";
import type { Recommendation } from "../policy/recommendation.ts";
import type { ResizeOutcome } from "./resizer.ts";
import type { StateRefusal } from "./state-text.ts";
import type { VpaSampleVerdict } from "./vpa-workload.ts";

export interface RecommenderMetrics {
  readonly registry: Registry;
  roundStarted(): () => void;
  planned(reason: string): void;
  /** All proxies' usage is read and learned from; the writes that follow are not part of it. */
  usageRoundStarted(): () => void;
  resized(outcome: ResizeOutcome["kind"], direction: "grow" | "shrink"): void;
  /** Kubelet put a resize off. */
  resizePended(reason: "Deferred" | "Infeasible"): void;
  shortfallEnded(seconds: number): void;
  usageRead(outcome: "ok" | "failed"): void;
  /** A proxy was asked for its instances' usage. */
  proxyAsked(outcome: "ok" | "failed"): void;
  /** A reading of one proxy was not believed. */
  usageLeftOut(fault: ReadingFault): void;
  /** A sample of a container that a VerticalPodAutoscaler speaks of. */
  vpaSample(verdict: VpaSampleVerdict): void;
  /** A sample from before the start was taken, or why it was left out. */
  historySample(source: "proxies" | "containers", verdict: HistoryFault | VpaSampleVerdict): void;
  /** A part of the learned state was read or written, or was not taken and why. */
  stateShard(outcome: "read" | "written" | StateRefusal): void;
  stateEntry(outcome: RestoreOutcome): void;
  /** So many entries of the learned state found no room. */
  stateLeftOut(entries: number): void;
  /** So many VerticalPodAutoscalers name us. */
  vpaObjects(count: number): void;
}

export function createRecommenderMetrics(
  recommendations: () => Iterable<Recommendation>,
): RecommenderMetrics {
  const registry = new Registry();
  const registers = [registry];
  const round = new Histogram({
    name: "berth_recommender_round_duration_seconds",
    help: "Time to plan all nodes that changed.",
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
    registers,
  });
  const usageRound = new Histogram({
    name: "berth_recommender_usage_round_duration_seconds",
    help: "Time to read the usage of all proxies and to learn from it.",
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const plans = new Counter({
    name: "berth_recommender_plans_total",
    help: "Plans made for single nodes, by reason (reference/reasons.md).",
    labelNames: ["reason"],
    registers,
  });
  const resizes = new Counter({
    name: "berth_recommender_resizes_total",
    help: "Writes to pods/resize, by direction and by the API server's answer: accepted, refused, gone (the pod was), failed (no answer, or one that another try may better).",
    labelNames: ["direction", "outcome"],
    registers,
  });
  const pended = new Counter({
    name: "berth_recommender_resizes_pended_total",
    help: "Resizes that kubelet did not carry out, by reason: Deferred or Infeasible.",
    labelNames: ["reason"],
    registers,
  });
  const shortfall = new Histogram({
    name: "berth_recommender_shortfall_seconds",
    help: "Time from pods needing a larger proxy until the proxy counted as large enough.",
    buckets: [0.1, 0.5, 1, 5, 30, 60, 300, 1800],
    registers,
  });
  const usageReads = new Counter({
    name: "berth_recommender_usage_reads_total",
    help: "Readings of the proxies' usage from metrics.k8s.io, by outcome: ok or failed.",
    labelNames: ["outcome"],
    registers,
  });
  const asked = new Counter({
    name: "berth_recommender_proxies_asked_total",
    help: "Proxies asked for their instances' usage, by outcome: ok or failed.",
    labelNames: ["outcome"],
    registers,
  });
  const leftOut = new Counter({
    name: "berth_recommender_usage_left_out_total",
    help: "Readings of single proxies that were not believed, by what is wrong with them: negative, absurd, duplicate, late or future.",
    labelNames: ["fault"],
    registers,
  });
  const containers = registerContainerMetrics(registers);
  registerTotals(registry, recommendations);
  return {
    registry,
    roundStarted: () => round.startTimer(),
    usageRoundStarted: () => usageRound.startTimer(),
    planned: (reason) => plans.inc({ reason }),
    resized: (outcome, direction) => resizes.inc({ direction, outcome }),
    resizePended: (reason) => pended.inc({ reason }),
    shortfallEnded: (seconds) => shortfall.observe(seconds),
    usageRead: (outcome) => usageReads.inc({ outcome }),
    proxyAsked: (outcome) => asked.inc({ outcome }),
    usageLeftOut: (fault) => leftOut.inc({ fault }),
    ...containers,
    ...registerStateMetrics(registers),
  };
}

function registerStateMetrics(
  registers: readonly Registry[],
): Pick<RecommenderMetrics, "stateShard" | "stateEntry" | "stateLeftOut"> {
  const shards = new Counter({
    name: "berth_recommender_state_shards_total",
    help: "Parts of the learned state, by outcome: read, written, or why one was not taken (corrupt, foreign, newer).",
    labelNames: ["outcome"],
    registers: [...registers],
  });
  const entries = new Counter({
    name: "berth_recommender_state_entries_total",
    help: "Nodes, apps and DaemonSets of which there was learned state, by outcome: restored, older (than what is known), refused, leftOut (for want of room).",
    labelNames: ["outcome"],
    registers: [...registers],
  });
  return {
    stateShard: (outcome) => shards.inc({ outcome }),
    stateEntry: (outcome) => entries.inc({ outcome }),
    stateLeftOut: (count) => entries.inc({ outcome: "leftOut" }, count),
  };
}

function registerContainerMetrics(
  registers: readonly Registry[],
): Pick<RecommenderMetrics, "vpaSample" | "vpaObjects" | "historySample"> {
  const vpaSamples = new Counter({
    name: "berth_recommender_vpa_samples_total",
    help: "Samples and OOMs of containers under a VerticalPodAutoscaler, by what became of them: taken, or why not (unknownContainer, repeatedOrLate, missing, and as readings of proxies).",
    labelNames: ["verdict"],
    registers: [...registers],
  });
  const historySamples = new Counter({
    name: "berth_recommender_history_samples_total",
    help: "Samples from before the start, by what they are of: proxies or containers, and by what became of them, as of other samples.",
    labelNames: ["source", "verdict"],
    registers: [...registers],
  });
  const vpaObjects = new Gauge({
    name: "berth_recommender_vpa_objects",
    help: "VerticalPodAutoscalers that name Berth as their recommender.",
    registers: [...registers],
  });
  return {
    vpaSample: (verdict) => vpaSamples.inc({ verdict }),
    historySample: (source, verdict) => historySamples.inc({ source, verdict }),
    vpaObjects: (count) => vpaObjects.set(count),
  };
}

function registerTotals(registry: Registry, recommendations: () => Iterable<Recommendation>): void {
  registry.registerMetric(
    new Gauge({
      name: "berth_recommender_proxy_memory_bytes",
      help: "Memory of all node proxies together, by kind: current, required and target.",
      labelNames: ["kind"],
      registers: [],
      collect() {
        const totals = { current: 0, required: 0, target: 0 };
        for (const { current, required, target } of recommendations()) {
          totals.current += current.memoryBytes;
          totals.required += required.memoryBytes;
          totals.target += target.memoryBytes;
        }
        for (const [kind, bytes] of Object.entries(totals)) this.set({ kind }, bytes);
      },
    }),
  );
}
