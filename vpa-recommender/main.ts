// The recommender: resizes each node's proxy in place as apps join and leave, corrected by measured usage.

import { ClusterLedger } from "#model/ledger.ts";
import { ClusterCache } from "#kube/cluster-cache.ts";
import { checkClusterVersion } from "#kube/cluster-version.ts";
import { connect } from "#kube/connect.ts";
import { LeaderElector } from "#kube/lease.ts";
import { systemClock } from "#runtime/clock.ts";
import { type ComponentContext, type RunningComponent, runComponent } from "#runtime/component.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { operationsApi } from "#runtime/operations-api.ts";
import { markChanged } from "./shell/mark-changed.ts";
import { serveRecommendations } from "./shell/recommendations-api.ts";
import { serveUsage } from "./shell/usage-api.ts";
import { watchProxies } from "./shell/proxy-watch.ts";
import { COMPONENT, createLoops } from "./shell/recommender-loops.ts";
import { recommenderSettings, type RecommenderSettings } from "./shell/recommender-settings.ts";

async function start({
  config,
  logger,
  clock,
}: ComponentContext<RecommenderSettings>): Promise<RunningComponent> {
  const ledger = new ClusterLedger();
  const connection = await connect(config, COMPONENT);
  await checkClusterVersion(connection, { wanted: ["resize"], needed: [] }, logger);
  const random = Math.random;
  const leading = Promise.withResolvers<void>();
  const elector = new LeaderElector({
    connection,
    namespace: config.leaseNamespace,
    name: COMPONENT,
    identity: config.identity,
    clock: systemClock(),
    random,
    logger,
    onStarted: () => {
      leading.resolve();
      loops.sizing.markAllDirty();
    },
    onLost: () => logger.info("not leading"),
  });
  const mayAct = (): boolean => elector.isLeader && cache.unreadyReasons().length === 0 && proxies.isSynced;
  const loops = await createLoops({
    config,
    connection,
    ledger,
    profiles: () => cache.profiles.values(),
    clock,
    logger,
    mayAct,
  });
  const { sizing, usage, keeper, census, vpas, metrics, model, latest } = loops;
  const cache = new ClusterCache({
    connection,
    ledger,
    logger,
    owners: "ignored",
    changed: (change) => markChanged(change, { ledger, sizing, usage, census }),
  });
  const proxies = watchProxies({ connection, sizing, logger });
  const operations = createHttpServer({ bodyBytesMax: 1024, logger });
  const unreadyReasons = (): readonly string[] => [
    ...cache.unreadyReasons(),
    ...(proxies.isSynced ? [] : ["the proxy pods are not listed yet"]),
  ];
  await operations.register(operationsApi, { registry: metrics.registry, unreadyReasons });
  serveRecommendations(operations, { sizing, daemons: keeper.daemons });
  serveUsage(operations, { model, latest });
  const urls = {
    operations: await listen(operations, { host: config.operationsHost, port: config.operationsPort }),
  };
  cache.start();
  proxies.start();
  elector.start();
  loops.start();
  void Promise.all([cache.whenSynced(), proxies.whenSynced()]).then(
    () => sizing.markAllDirty(),
    () => logger.debug("stopped before the first sync"),
  );
  return {
    urls,
    async settle(resourceVersion) {
      await leading.promise;
      await Promise.all([cache.whenObserved(resourceVersion), proxies.whenObserved(resourceVersion)]);
      await usage.settle();
      await keeper.settle();
      await vpas.settle();
      await sizing.settle();
    },
    async stop() {
      // What was learned is kept while it is still ours to act.
      await loops.stop();
      await Promise.all([operations.close(), cache.stop(), proxies.stop(), elector.stop()]);
      await connection.close();
    },
  };
}

/** Its settings, for the command line, the settings file and the reference. */
export const vpaRecommender = {
  kind: "VpaRecommender",
  usage: "berth vpa-recommender",
  summary: "Berth's recommender: resizes each node's proxy in place as apps join and leave it.",
  schema: recommenderSettings,
} as const;

export async function main(argv: readonly string[]): Promise<void> {
  await runComponent(vpaRecommender, start, argv);
}

if (import.meta.main) await main(process.argv.slice(2));
