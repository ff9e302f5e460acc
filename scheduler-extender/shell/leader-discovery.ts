// Discovery as the extender runs it: on every replica that may come to lead, written by the one that does.

import type { ClusterLedger } from "#model/ledger.ts";
import type { ClusterCache } from "#kube/cluster-cache.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { DiscoveryController } from "./discovery-controller.ts";
import { createDiscoveryMetrics } from "./discovery-metrics.ts";
import type { ExtenderMetrics } from "./extender-metrics.ts";
import type { Leadership } from "./leadership.ts";

export interface LeaderDiscoveryOptions {
  readonly settings: { readonly withoutLease: boolean };
  readonly connection: KubeConnection;
  readonly ledger: ClusterLedger;
  readonly metrics: Pick<ExtenderMetrics, "registry">;
  readonly logger: Logger;
  readonly leadership: Pick<Leadership, "isLeader">;
  readonly cache: Pick<ClusterCache, "profiles" | "unreadyReasons">;
}

/** Undefined without a Lease: two that write the same slices would undo each other's work. */
export function leaderDiscovery({
  settings,
  connection,
  ledger,
  metrics,
  logger,
  leadership,
  cache,
}: LeaderDiscoveryOptions): DiscoveryController | undefined {
  if (settings.withoutLease) return undefined;
  return new DiscoveryController({
    connection,
    metrics: (discovery) => createDiscoveryMetrics(metrics.registry, discovery),
    logger,
    mayAct: () => leadership.isLeader && cache.unreadyReasons().length === 0,
    seen: {
      zoneOf: (node) => ledger.node(node)?.zone,
      portsOf: (app) => cache.profiles.get(app)?.ports,
    },
    clock: systemClock(),
    random: Math.random,
  });
}
