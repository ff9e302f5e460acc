// What becomes of releases, for the recommender's metrics.

import { Counter, type Registry } from "prom-client";
import type { ReleasePhase } from "#model/release.ts";
import type { HaltReason } from "../policy/release-step.ts";

export interface ReleaseMetrics {
  /** A step was recorded. */
  stepped(phase: ReleasePhase, reason: string): void;
}

const HALT_REASONS: readonly HaltReason[] = [
  "ErrorRate",
  "InstanceFailed",
  "InstanceNotServing",
  "NoFirstNode",
];

export function createReleaseMetrics(registry: Registry): ReleaseMetrics {
  const steps = new Counter({
    name: "berth_recommender_release_steps_total",
    help: "Steps of releases that were recorded, by phase and reason. Halted: a version was taken back.",
    labelNames: ["phase", "reason"],
    registers: [registry],
  });
  // An increase is seen only from a count that was there before.
  for (const reason of HALT_REASONS) steps.inc({ phase: "Halted", reason }, 0);
  return { stepped: (phase, reason) => steps.inc({ phase, reason }) };
}
