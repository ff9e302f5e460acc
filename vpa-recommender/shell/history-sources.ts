// The sources of the past that the settings ask for.

import type { ClusterLedger } from "#model/ledger.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { SizingModel } from "../policy/sizing-model.ts";
import { historySpan } from "./history-settings.ts";
import { PrometheusClient } from "./prometheus-client.ts";
import { ProxyHistory, type ProxyHistoryMetrics } from "./proxy-history.ts";
import type { RecommenderSettings } from "./recommender-settings.ts";
import { VpaHistory } from "./vpa-history.ts";

export interface HistorySourcesOptions {
  readonly config: RecommenderSettings;
  readonly ledger: ClusterLedger;
  readonly model: SizingModel;
  readonly clock: Clock;
  readonly metrics: ProxyHistoryMetrics;
  readonly logger: Logger;
}

export interface HistorySources {
  /** Undefined where history is kept in checkpoints. */
  readonly proxies: ProxyHistory | undefined;
  readonly containers: VpaHistory | undefined;
  stop(): Promise<void>;
}

/** @throws UsageError if the flags do not go together. */
export function createHistorySources(options: HistorySourcesOptions): HistorySources {
  const { config, clock } = options;
  const { storage, prometheusAddress: address } = config;
  if (storage !== "prometheus") {
    if (address !== undefined) throw new UsageError("--prometheus-address needs --storage prometheus");
    return { proxies: undefined, containers: undefined, stop: () => Promise.resolve() };
  }
  if (address === undefined) throw new UsageError("--storage prometheus needs --prometheus-address");
  if (config.clock === "paced" || config.clockSpeed !== 1)
    throw new UsageError("--storage prometheus needs the machine's own time: Prometheus knows no other");
  const prometheus = new PrometheusClient({
    address,
    queryMsMax: config.prometheusQueryTimeoutSeconds * 1000,
  });
  const { prometheusNodeLabel: nodeLabel, prometheusCadvisorJobName: cadvisorJobName } = config;
  return {
    proxies: new ProxyHistory({ ...options, prometheus, nodeLabel }),
    containers: new VpaHistory({ prometheus, clock, cadvisorJobName, ...historySpan(config) }),
    stop: () => prometheus.stop(),
  };
}
