// Metrics of headroom pods.

import { Counter, Gauge, type Registry } from "prom-client";
import type { HeadroomEnd } from "../policy/headroom.ts";

export interface HeadroomMetrics {
  created(): void;
  deleted(reason: HeadroomEnd): void;
  failed(): void;
}

export function createHeadroomMetrics(registry: Registry, headroomPods: () => number): HeadroomMetrics {
  const registers = [registry];
  const created = new Counter({
    name: "berth_headroom_pods_created_total",
    help: "Headroom pods made for mesh pods that only B keeps out.",
    registers,
  });
  const deleted = new Counter({
    name: "berth_headroom_pods_deleted_total",
    help: "Headroom pods deleted, by reason: podGone, podPlaced, roomIsThere (it was placed itself), notKeptOut, notWanted.",
    labelNames: ["reason"],
    registers,
  });
  const failed = new Counter({
    name: "berth_headroom_writes_failed_total",
    help: "Headroom pods that could not be made or deleted; a quota of the namespace may forbid them.",
    registers,
  });
  registry.registerMetric(
    new Gauge({
      name: "berth_headroom_pods",
      help: "Headroom pods that are there now, as this replica sees them.",
      registers: [],
      collect() {
        this.set(headroomPods());
      },
    }),
  );
  return {
    created: () => created.inc(),
    deleted: (reason) => deleted.inc({ reason }),
    failed: () => failed.inc(),
  };
}
