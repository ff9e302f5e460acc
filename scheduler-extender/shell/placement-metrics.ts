// Metrics of nominate mode.

import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { EffectOutcome, NominateEffect } from "../policy/nominate-effect.ts";

export interface PlacementMetrics {
  /** Admission set a gate. */
  gateSet(): void;
  written(effect: NominateEffect, outcome: EffectOutcome, nowMs: number): void;
}

export function createPlacementMetrics(registry: Registry, gatedPods: () => number): PlacementMetrics {
  const registers = [registry];
  const gates = new Counter({
    name: "berth_placement_gates_set_total",
    help: "Pods that admission held back until their node was chosen.",
    registers,
  });
  const lifted = new Counter({
    name: "berth_placement_gates_lifted_total",
    help: "Gates lifted, by reason: placed (with a nomination), or without one: deadline, unjudged, mayPreempt, nominatedElsewhere, queueFull.",
    labelNames: ["reason"],
    registers,
  });
  const nominations = new Counter({
    name: "berth_placement_nominations_total",
    help: "Pods nominated to a node, by kind: first, or renewal of one that kube-scheduler gave up.",
    labelNames: ["kind"],
    registers,
  });
  const cleared = new Counter({
    name: "berth_placement_nominations_cleared_total",
    help: "Nominations taken back because no binding came of them, or their room was gone.",
    registers,
  });
  const writes = new Counter({
    name: "berth_placement_writes_total",
    help: "Answers to the placement controller's writes: done, changed (the pod was another version by then), gone, failed.",
    labelNames: ["outcome"],
    registers,
  });
  const delay = new Histogram({
    name: "berth_placement_nomination_delay_seconds",
    help: "From a pod's creation, which the API server notes in whole seconds, to its first nomination.",
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60],
    registers,
  });
  registry.registerMetric(
    new Gauge({
      name: "berth_placement_gated_pods",
      help: "Pods that wait behind the gate now, as this replica sees them.",
      registers: [],
      collect() {
        this.set(gatedPods());
      },
    }),
  );
  return {
    gateSet: () => gates.inc(),
    written(effect, outcome, nowMs) {
      writes.inc({ outcome });
      if (outcome !== "done") return;
      if (effect.kind === "liftGate") return lifted.inc({ reason: effect.reason });
      if (effect.kind === "clearNomination") return cleared.inc();
      nominations.inc({ kind: effect.isRenewal ? "renewal" : "first" });
      const { createdAtMs } = effect.pod;
      if (!effect.isRenewal && createdAtMs !== undefined)
        delay.observe(Math.max(0, nowMs - createdAtMs) / 1000);
    },
  };
}
