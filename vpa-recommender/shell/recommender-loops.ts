// The recommender's two loops and what they share: sizing, which follows what is on the nodes, and usage, which teaches
// it what that costs.

import type { ClusterLedger } from "#model/ledger.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { EventRecorder } from "#kube/events.ts";
import { type Clock, systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { SizingModel } from "../policy/sizing-model.ts";
import { CostPublisher } from "./cost-publisher.ts";
import { InstanceSource } from "./instance-source.ts";
import { createRecommenderMetrics, type RecommenderMetrics } from "./recommender-metrics.ts";
import { plannerOptions, type RecommenderSettings, writeRate } from "./recommender-settings.ts";
import { Resizer } from "./resizer.ts";
import { ShareTeller } from "./share-teller.ts";
import { SizingLoop } from "./sizing-loop.ts";
import { UsageLoop } from "./usage-loop.ts";
import { WriteBudget } from "./write-budget.ts";

/** Its name to the API server, in its Events and as its Lease. */
export const COMPONENT = "berth-vpa-recommender";

export interface LoopsOptions {
  readonly config: RecommenderSettings;
  readonly connection: KubeConnection;
  readonly ledger: ClusterLedger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly mayAct: () => boolean;
}

export interface RecommenderLoops {
  readonly sizing: SizingLoop;
  readonly usage: UsageLoop;
  readonly metrics: RecommenderMetrics;
  stop(): Promise<void>;
}

export function createLoops({
  config,
  connection,
  ledger,
  clock,
  logger,
  mayAct,
}: LoopsOptions): RecommenderLoops {
  const model = new SizingModel();
  const metrics = createRecommenderMetrics(() => sizing.recommendations());
  const budget = new WriteBudget({ rate: writeRate(config), clock: systemClock() });
  const resizer = new Resizer(connection, budget);
  const events = new EventRecorder({
    connection,
    component: COMPONENT,
    instance: config.identity,
    clock: systemClock(),
    random: Math.random,
    logger,
  });
  const sizing = new SizingLoop({
    ledger,
    model,
    resizer,
    shares: new ShareTeller({ ledger, resizer }),
    clock,
    planner: plannerOptions(config),
    metrics,
    events,
    logger,
    mayAct,
    rounds: config.clock === "paced" ? "onDemand" : "automatic",
  });
  const instances = new InstanceSource({ port: config.proxyUsagePort, clock });
  const usage = new UsageLoop({
    connection,
    ledger,
    model,
    instances,
    costs: new CostPublisher({ connection, ledger, model, budget, logger }),
    sizing,
    resizer,
    metrics,
    clock,
    intervalMs: config.usageIntervalSeconds * 1000,
    logger,
    mayAct,
  });
  return {
    sizing,
    usage,
    metrics,
    async stop() {
      usage.stop();
      sizing.stop();
      budget.stop();
      await Promise.all([events.stop(), instances.stop()]);
    },
  };
}
