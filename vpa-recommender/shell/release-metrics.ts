// What becomes of releases, for the recommender's metrics.

import { Counter, type Registry } from "prom-client";
import type { ReleasePhase } from "#model/release.ts";

export interface ReleaseMetrics {
  /** A step was recorded. */
  stepped(phase: ReleasePhase, reason: string): void;
}

export function createReleaseMetrics(registry: Registry): ReleaseMetrics {
  const steps = new Counter({
    name: "berth_recommender_release_steps_total",
    help: "Steps of releases that were recorded, by phase and reason. Halted: a version was taken back.",
    labelNames: ["phase", "reason"],
    registers: [registry],
  });
  return { stepped: (phase, reason) => steps.inc({ phase, reason }) };
}
