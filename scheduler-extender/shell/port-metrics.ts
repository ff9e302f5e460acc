// Metrics of port allocation.

import { Counter, Gauge, type Registry } from "prom-client";
import type { MeshProfile } from "#model/mesh-profile.ts";
import type { PortRange } from "../policy/ports.ts";

/** conflict: somebody else wrote the profile meanwhile, and it is tried again. exhausted: no pair is free. */
export type PortOutcome = "allocated" | "conflict" | "exhausted" | "failed";
const OUTCOMES: readonly PortOutcome[] = ["allocated", "conflict", "exhausted", "failed"];

export interface PortMetrics {
  attempted(outcome: PortOutcome): void;
}

export interface PortMetricsSource {
  /** What the watch shows. */
  readonly profiles: () => Iterable<MeshProfile>;
  readonly range: PortRange;
}

export function createPortMetrics(registry: Registry, { profiles, range }: PortMetricsSource): PortMetrics {
  const attempts = new Counter({
    name: "berth_ports_allocation_attempts_total",
    help: "Attempts to give an app its two ports, by outcome: allocated, conflict (its profile was written meanwhile; tried again), exhausted (the range is used up), failed.",
    labelNames: ["outcome"],
    registers: [registry],
  });
  for (const outcome of OUTCOMES) attempts.inc({ outcome }, 0);
  registry.registerMetric(
    new Gauge({
      name: "berth_ports_apps",
      help: "Apps that have their ports.",
      registers: [],
      collect() {
        this.set(pairsIn(profiles()));
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "berth_ports_apps_limit",
      help: "Apps that the port range has room for.",
      registers: [],
      collect() {
        this.set(Math.floor((range.last - range.first + 1) / 2));
      },
    }),
  );
  return { attempted: (outcome) => attempts.inc({ outcome }) };
}

function pairsIn(profiles: Iterable<MeshProfile>): number {
  let pairs = 0;
  for (const { ports } of profiles) if (ports !== undefined) pairs += 1;
  return pairs;
}
