// Where the settings say that the past comes from: the state that the recommender keeps itself, or a Prometheus.

import type { KubeConnection } from "#kube/connection.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import { type Clock, systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { DaemonModel } from "../policy/daemon-model.ts";
import type { SizingModel } from "../policy/sizing-model.ts";
import { ClusterState } from "./cluster-state.ts";
import { FirstAttempts } from "./first-attempts.ts";
import { historySpan } from "./history-settings.ts";
import { PrometheusClient } from "./prometheus-client.ts";
import { ProxyHistory } from "./proxy-history.ts";
import type { RecommenderMetrics } from "./recommender-metrics.ts";
import type { RecommenderSettings } from "./recommender-settings.ts";
import type { SizingLoop } from "./sizing-loop.ts";
import { StateKeeper } from "./state-keeper.ts";
import type { StateStore } from "./state-store.ts";
import { VpaHistory } from "./vpa-history.ts";
import type { WriteBudget } from "./write-budget.ts";

export interface HistorySourcesOptions {
  readonly config: RecommenderSettings;
  readonly connection: KubeConnection;
  readonly budget: WriteBudget;
  readonly ledger: ClusterLedger;
  readonly model: SizingModel;
  readonly sizing: () => Pick<SizingLoop, "proxies">;
  readonly daemons: () => Iterable<readonly [string, DaemonModel]>;
  readonly clock: Clock;
  readonly mayAct: () => boolean;
  readonly metrics: RecommenderMetrics;
  readonly logger: Logger;
}

export interface HistorySources {
  /** Comes before the first reading of now; undefined where nothing is kept. */
  readonly past: FirstAttempts | undefined;
  /** Of VPAs' containers; undefined where theirs is in checkpoints. */
  readonly containers: VpaHistory | undefined;
  readonly state: StateKeeper | undefined;
  stop(): Promise<void>;
}

/** @throws UsageError if the flags do not go together. */
export async function createHistorySources(options: HistorySourcesOptions): Promise<HistorySources> {
  const { config, logger } = options;
  const { storage, prometheusAddress, storageFile } = config;
  if (storage !== "prometheus" && prometheusAddress !== undefined)
    throw new UsageError("--prometheus-address needs --storage prometheus");
  if (storage !== "sqlite" && storageFile !== undefined)
    throw new UsageError("--storage-file needs --storage sqlite");
  if (storage === "prometheus") return prometheusSources(options);
  // A paced replay is over in a minute, and its parent waits for every write.
  if (config.clock === "paced")
    return { past: undefined, containers: undefined, state: undefined, stop: () => Promise.resolve() };
  const state = new StateKeeper({
    ...options,
    store: await storeOf(options),
    timer: systemClock(),
    told: options.metrics,
  });
  return {
    past: new FirstAttempts("learned state", () => state.load(), logger),
    containers: undefined,
    state,
    stop: () => state.stop(),
  };
}

async function storeOf({
  config,
  connection,
  budget,
  metrics,
  logger,
}: HistorySourcesOptions): Promise<StateStore> {
  const { storage, storageFile: path, leaseNamespace: namespace } = config;
  if (storage !== "sqlite") return new ClusterState({ connection, namespace, budget, told: metrics, logger });
  if (path === undefined) throw new UsageError("--storage sqlite needs --storage-file");
  // Node says of this module that it may change; who does not ask for it is not told.
  const { SqliteState } = await import("./sqlite-state.ts");
  return new SqliteState({ path, told: metrics, logger });
}

function prometheusSources(options: HistorySourcesOptions): HistorySources {
  const { config, clock, sizing, logger } = options;
  const { prometheusAddress: address, prometheusNodeLabel: nodeLabel } = config;
  if (address === undefined) throw new UsageError("--storage prometheus needs --prometheus-address");
  if (config.clock === "paced" || config.clockSpeed !== 1)
    throw new UsageError("--storage prometheus needs the machine's own time: Prometheus knows no other");
  const queryMsMax = config.prometheusQueryTimeoutSeconds * 1000;
  const prometheus = new PrometheusClient({ address, queryMsMax });
  const proxies = new ProxyHistory({ ...options, prometheus, nodeLabel });
  const { prometheusCadvisorJobName: cadvisorJobName } = config;
  const nodes = () => [...sizing().proxies()].flatMap(({ nodeName }) => nodeName ?? []);
  return {
    past: new FirstAttempts("proxies", () => proxies.learn(nodes()), logger),
    containers: new VpaHistory({ prometheus, clock, cadvisorJobName, ...historySpan(config) }),
    state: undefined,
    stop: () => prometheus.stop(),
  };
}
