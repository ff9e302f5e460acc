// What a bed's recommender begins with: nothing, a Prometheus's past, or what an earlier one kept in the cluster.

import type { ClusterLedger } from "#model/ledger.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import type { VirtualClock } from "#runtime/virtual-clock.ts";
import type { DaemonModel } from "../policy/daemon-model.ts";
import type { SizingModel } from "../policy/sizing-model.ts";
import { ClusterState } from "../shell/cluster-state.ts";
import { FirstAttempts } from "../shell/first-attempts.ts";
import type { PrometheusClient } from "../shell/prometheus-client.ts";
import { ProxyHistory } from "../shell/proxy-history.ts";
import type { ProxyPod } from "../shell/proxy-pod.ts";
import type { RecommenderMetrics } from "../shell/recommender-metrics.ts";
import { StateKeeper } from "../shell/state-keeper.ts";
import { WriteBudget } from "../shell/write-budget.ts";

export interface BedPastOptions {
  readonly connection: KubeConnection;
  readonly ledger: ClusterLedger;
  readonly model: SizingModel;
  readonly clock: VirtualClock;
  readonly metrics: RecommenderMetrics;
  readonly mayAct: () => boolean;
  /** A Prometheus, or the namespace in which state is kept. */
  readonly from: PrometheusClient | string | undefined;
  readonly proxies: () => Iterable<ProxyPod>;
  readonly daemons: () => Iterable<readonly [string, DaemonModel]>;
}

export function bedPast(options: BedPastOptions): {
  readonly past: FirstAttempts | undefined;
  readonly state: StateKeeper | undefined;
} {
  const logger = silentLogger;
  const { from, connection, metrics: told, clock: timer } = options;
  if (from === undefined) return { past: undefined, state: undefined };
  if (typeof from === "string") {
    const budget = new WriteBudget({ rate: undefined, clock: systemClock() });
    const store = new ClusterState({ connection, namespace: from, budget, told, logger });
    const state = new StateKeeper({ ...options, store, timer, told, logger });
    return { past: new FirstAttempts("learned state", () => state.load(), logger), state };
  }
  const history = new ProxyHistory({ ...options, nodeLabel: "node", prometheus: from, logger });
  const nodes = () => [...options.proxies()].flatMap(({ nodeName }) => nodeName ?? []);
  return { past: new FirstAttempts("proxies", () => history.learn(nodes()), logger), state: undefined };
}
