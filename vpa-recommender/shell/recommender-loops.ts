// The recommender's two loops and what they share: sizing, which follows what is on the nodes, and usage, which teaches
// it what that costs.

import type { ClusterLedger } from "#model/ledger.ts";
import type { MeshProfile } from "#model/mesh-profile.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { EventRecorder } from "#kube/events.ts";
import { type Clock, systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import type { DaemonModel } from "../policy/daemon-model.ts";
import { SizingModel } from "../policy/sizing-model.ts";
import { createHistorySources } from "./history-sources.ts";
import { CostPublisher } from "./cost-publisher.ts";
import { InstanceSource } from "./instance-source.ts";
import { LatestUsage } from "./latest-usage.ts";
import { createRecommenderMetrics, type RecommenderMetrics } from "./recommender-metrics.ts";
import {
  demandOptions,
  plannerOptions,
  type RecommenderSettings,
  writeRate,
} from "./recommender-settings.ts";
import { ProxyClient } from "./proxy-client.ts";
import { ReleaseLoop, type ReleaseLoopOptions } from "./release-loop.ts";
import { createReleaseMetrics } from "./release-metrics.ts";
import { ResizeSupport } from "./resize-support.ts";
import { Resizer } from "./resizer.ts";
import { AutoscalerKeeper } from "./autoscaler-keeper.ts";
import { AutoscalerStatusWriter } from "./autoscaler-status-writer.ts";
import { NodeCensus } from "./node-census.ts";
import { AutoscalerBook } from "./autoscaler-book.ts";
import { MeshSubject } from "./mesh-subject.ts";
import { SizingLoop } from "./sizing-loop.ts";
import { TemplateKeeper } from "./template-keeper.ts";
import { UsageLoop } from "./usage-loop.ts";
import { VpaLoop } from "./vpa-loop.ts";
import { WriteBudget } from "./write-budget.ts";

/** Its name to the API server, in its Events and as its Lease. */
export const COMPONENT = "berth-vpa-recommender";

export interface LoopsOptions {
  readonly config: RecommenderSettings;
  readonly connection: KubeConnection;
  readonly ledger: ClusterLedger;
  /** What the watch shows. */
  readonly profiles: () => Iterable<MeshProfile>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly mayAct: () => boolean;
}

export interface RecommenderLoops {
  readonly sizing: SizingLoop;
  readonly usage: UsageLoop;
  readonly keeper: AutoscalerKeeper;
  readonly census: NodeCensus;
  readonly vpas: VpaLoop;
  readonly metrics: RecommenderMetrics;
  readonly model: SizingModel;
  readonly latest: LatestUsage;
  start(): void;
  stop(): Promise<void>;
}

/** @throws UsageError if the flags do not go together. */
export async function createLoops(options: LoopsOptions): Promise<RecommenderLoops> {
  const { config, connection, ledger, clock, logger, mayAct } = options;
  const demand = demandOptions(config);
  const model = new SizingModel(demand);
  const autoscalers = new AutoscalerBook();
  const census = new NodeCensus();
  const metrics = createRecommenderMetrics(() => sizing.recommendations());
  const budget = new WriteBudget({ rate: writeRate(config), clock: systemClock() });
  const resizer = new Resizer(connection, budget);
  const events = eventsOf(options);
  const rounds = config.clock === "paced" ? ("onDemand" as const) : ("automatic" as const);
  const support = new ResizeSupport(connection, () => clock.nowMs());
  const isResizeServed = (): boolean => support.isServed;
  const acting = { resizer, clock, metrics, events, logger, mayAct, isResizeServed, rounds };
  const defaults = plannerOptions(config);
  const subject = new MeshSubject({ ledger, model, autoscalers, resizer, defaults });
  const sizing = new SizingLoop({ ...acting, subject });
  const instances = new InstanceSource({ port: config.proxyUsagePort, clock });
  const costs = new CostPublisher({ connection, ledger, model, budget, logger });
  const intervalMs = config.usageIntervalSeconds * 1000;
  const warmUpMs = config.usageWarmUpSeconds * 1000;
  const latest = new LatestUsage();
  const history = await createHistorySources({
    ...options,
    budget,
    model,
    metrics,
    sizing: () => sizing,
    daemons: () => keeper.models(),
  });
  const learning = {
    connection,
    ledger,
    model,
    instances,
    costs,
    sizing,
    resizer,
    metrics,
    past: history.past,
    capOf: subject.capOf,
    latest,
  };
  const usage = new UsageLoop({ ...learning, clock, intervalMs, warmUpMs, logger, mayAct });
  const statuses = new AutoscalerStatusWriter({ connection, budget, logger });
  const following = {
    connection,
    ledger,
    census,
    autoscalers,
    defaults,
    demand,
    sizing,
    statuses,
    intervalMs,
    past: history.past,
    capOf: subject.capOf,
    restore: (autoscaler: string, daemon: DaemonModel) => history.state?.restoreDaemon(autoscaler, daemon),
  };
  const sizes = {
    percentile: config.templatePercentile,
    intervalMs: config.templateIntervalHours * 3_600_000,
  };
  const templates = new TemplateKeeper({ connection, budget, events, sizes });
  const keeper = new AutoscalerKeeper({ ...acting, ...following, support, templates });
  const reading = { connection, clock, intervalMs, metrics, logger, mayAct };
  const releases = releaseLoop(options, { metrics, budget, proxyOf: (node) => sizing.proxyOf(node) });
  const vpas = new VpaLoop({ ...reading, budget, history: history.containers });
  return {
    sizing,
    usage,
    vpas,
    keeper,
    census,
    metrics,
    model,
    latest,
    start() {
      for (const loop of [usage, vpas, keeper, releases]) loop.start();
      history.state?.start();
    },
    async stop() {
      for (const loop of [usage, vpas, sizing]) loop.stop();
      await releases.stop();
      await history.stop();
      budget.stop();
      await Promise.all([keeper.stop(), events.stop(), instances.stop()]);
    },
  };
}

function releaseLoop(
  { config, connection, ledger, profiles, logger, mayAct }: LoopsOptions,
  shared: Pick<ReleaseLoopOptions, "budget" | "proxyOf"> & { readonly metrics: RecommenderMetrics },
): ReleaseLoop {
  return new ReleaseLoop({
    ...shared,
    connection,
    profiles,
    nodesOf: (app) => [...ledger.nodesOfApp(app)].map(({ name }) => name),
    client: new ProxyClient(config.proxyUsagePort),
    // The nodes say how long they have had a version, by clocks that no replay moves.
    clock: systemClock(),
    intervalMs: config.releaseIntervalSeconds * 1000,
    metrics: createReleaseMetrics(shared.metrics.registry),
    logger,
    mayAct,
  });
}

function eventsOf({ connection, config, logger }: LoopsOptions): EventRecorder {
  return new EventRecorder({
    connection,
    component: COMPONENT,
    instance: config.identity,
    clock: systemClock(),
    random: Math.random,
    logger,
  });
}
