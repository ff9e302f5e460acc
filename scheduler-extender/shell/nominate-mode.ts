// Nominate mode as a whole, or its absence: the placement controller and what it needs of the outside.

import type { ClusterLedger } from "#model/ledger.ts";
import type { ClusterCache } from "#kube/cluster-cache.ts";
import type { KubeConnection } from "#kube/connection.ts";
import type { EventRecorder } from "#kube/events.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { DEFAULT_NOMINATE_LIMITS } from "../policy/nominate.ts";
import type { PromiseLimits } from "../policy/promise.ts";
import type { Explanations } from "./explanations.ts";
import type { ExtenderMetrics } from "./extender-metrics.ts";
import type { Leadership } from "./leadership.ts";
import { PlacementController } from "./placement-controller.ts";
import { createPlacementMetrics } from "./placement-metrics.ts";

export interface NominateModeOptions {
  readonly settings: {
    readonly mode: "score" | "nominate";
    readonly gateDeadlineSeconds: number;
  };
  readonly connection: KubeConnection;
  readonly events: Pick<EventRecorder, "record">;
  readonly explanations: Pick<Explanations, "nominating">;
  readonly ledger: ClusterLedger;
  readonly clock: Clock;
  readonly limits: PromiseLimits;
  readonly metrics: Pick<ExtenderMetrics, "registry" | "promisesExpired">;
  readonly logger: Logger;
  readonly leadership: Pick<Leadership, "isLeader" | "notAnsweringReasons">;
  readonly cache: () => Pick<ClusterCache, "unreadyReasons">;
}

/** Undefined in score mode, which neither sets gates nor needs a right for them. */
export function nominateMode({
  settings: { mode, gateDeadlineSeconds },
  leadership,
  cache,
  limits,
  metrics,
  ...shared
}: NominateModeOptions): PlacementController | undefined {
  if (mode === "score") return undefined;
  return new PlacementController({
    ...shared,
    limits: { ...DEFAULT_NOMINATE_LIMITS, ...limits, gateDeadlineMs: gateDeadlineSeconds * 1000 },
    metrics: (gatedPods) => createPlacementMetrics(metrics.registry, gatedPods),
    promisesExpired: (count) => metrics.promisesExpired(count),
    mayAct: () =>
      leadership.isLeader &&
      leadership.notAnsweringReasons().length === 0 &&
      cache().unreadyReasons().length === 0,
  });
}
