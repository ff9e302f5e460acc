// The recommender: resizes each node's proxy in place as apps join and leave, corrected by measured usage.

import { hostname } from "node:os";
import { z } from "zod";
import { ClusterLedger } from "#model/ledger.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import { ClusterCache } from "#kube/cluster-cache.ts";
import { connect } from "#kube/connect.ts";
import { EventRecorder } from "#kube/events.ts";
import { LeaderElector } from "#kube/lease.ts";
import { systemClock } from "#runtime/clock.ts";
import {
  type ComponentContext,
  componentSettings,
  type RunningComponent,
  runComponent,
} from "#runtime/component.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { operationsApi } from "#runtime/operations-api.ts";
import { cpuQuantity, memoryQuantity } from "#runtime/quantity-schema.ts";
import { DEFAULT_PLANNER_OPTIONS, type PlannerOptions } from "./policy/resize-planner.ts";
import { SizingModel } from "./policy/sizing-model.ts";
import { markChanged } from "./shell/mark-changed.ts";
import { watchProxies } from "./shell/proxy-watch.ts";
import { createRecommenderMetrics } from "./shell/recommender-metrics.ts";
import { Resizer } from "./shell/resizer.ts";
import { ShareTeller } from "./shell/share-teller.ts";
import { SizingLoop } from "./shell/sizing-loop.ts";
import { UsageLoop } from "./shell/usage-loop.ts";
import { WriteBudget, type WriteBudgetOptions } from "./shell/write-budget.ts";

const settings = componentSettings.extend({
  operationsHost: z.string().default("127.0.0.1").describe("address of health, metrics and recommendations"),
  operationsPort: z
    .int()
    .min(0)
    .max(65_535)
    .default(9091)
    .describe("port of health, metrics and recommendations"),
  headroomRatio: z
    .number()
    .min(0)
    .max(10)
    .default(DEFAULT_PLANNER_OPTIONS.headroomRatio)
    .describe("headroom as a share of what a proxy requires"),
  headroomCpu: cpuQuantity.default("50m").describe("least headroom in CPU"),
  headroomMemory: memoryQuantity.default("64Mi").describe("least headroom in memory"),
  headroomDelaySeconds: z
    .number()
    .nonnegative()
    .default(DEFAULT_PLANNER_OPTIONS.headroomDelayMs / 1000)
    .describe("how long a node's apps stay the same before its proxy takes headroom"),
  shrinkDelaySeconds: z
    .number()
    .nonnegative()
    .default(DEFAULT_PLANNER_OPTIONS.shrinkDelayMs / 1000)
    .describe("how long a surplus lasts before a proxy shrinks"),
  usageIntervalSeconds: z.number().positive().default(60).describe("how often usage is read"),
  writesPerSecond: z
    .number()
    .positive()
    .max(1_000)
    .default(50)
    .describe("writes to the API server in the long run; proxies that are too small come first"),
  leaseNamespace: z.string().default("berth-system").describe("namespace of the leader's Lease"),
  identity: z.string().default(hostname()).describe("holder name in the Lease; in a cluster the pod's name"),
});

type Settings = z.infer<typeof settings>;

/** Its name to the API server, in its Events and as its Lease. */
const COMPONENT = "berth-vpa-recommender";

async function start({ config, logger, clock }: ComponentContext<Settings>): Promise<RunningComponent> {
  const planner = plannerOptions(config);
  const ledger = new ClusterLedger();
  const model = new SizingModel();
  const connection = await connect(config, COMPONENT);
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
      sizing.markAllDirty();
    },
    onLost: () => logger.info("not leading"),
  });
  const mayAct = (): boolean => elector.isLeader && cache.unreadyReasons().length === 0 && proxies.isSynced;
  const metrics = createRecommenderMetrics(() => sizing.recommendations());
  const budget = new WriteBudget({ rate: writeRate(config), clock: systemClock() });
  const resizer = new Resizer(connection, budget);
  const shares = new ShareTeller({ ledger, resizer });
  const recording = { connection, component: COMPONENT, instance: config.identity };
  const events = new EventRecorder({ ...recording, clock: systemClock(), random, logger });
  const rounds = config.clock === "paced" ? "onDemand" : "automatic";
  const sizing = new SizingLoop({
    ledger,
    model,
    resizer,
    shares,
    clock,
    planner,
    metrics,
    events,
    logger,
    mayAct,
    rounds,
  });
  const intervalMs = config.usageIntervalSeconds * 1000;
  const learning = { connection, ledger, model, sizing, resizer, metrics };
  const usage = new UsageLoop({ ...learning, clock, intervalMs, logger, mayAct });
  const cache = new ClusterCache({
    connection,
    ledger,
    logger,
    owners: "ignored",
    changed: (change) => markChanged(change, { ledger, sizing, usage }),
  });
  const proxies = watchProxies({ connection, sizing, logger });
  const operations = createHttpServer({ bodyBytesMax: 1024, logger });
  const unreadyReasons = (): readonly string[] => [
    ...cache.unreadyReasons(),
    ...(proxies.isSynced ? [] : ["the proxy pods are not listed yet"]),
  ];
  await operations.register(operationsApi, { registry: metrics.registry, unreadyReasons });
  operations.get("/recommendations", () => ({ items: [...sizing.recommendations()] }));
  const urls = {
    operations: await listen(operations, { host: config.operationsHost, port: config.operationsPort }),
  };
  cache.start();
  proxies.start();
  elector.start();
  usage.start();
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
      await sizing.settle();
    },
    async stop() {
      usage.stop();
      sizing.stop();
      budget.stop();
      await Promise.all([operations.close(), cache.stop(), proxies.stop(), elector.stop(), events.stop()]);
      await connection.close();
    },
  };
}

/** A burst of placements on many nodes at once goes through; the steady rate holds from the next second on. */
const BURST_SECONDS = 2;

// In lockstep with a replay a second of the API server is no second of the machine.
function writeRate({ clock, writesPerSecond }: Settings): WriteBudgetOptions["rate"] {
  if (clock === "paced") return undefined;
  return { burst: BURST_SECONDS * writesPerSecond, perSecond: writesPerSecond };
}

function plannerOptions(config: Settings): PlannerOptions {
  return {
    ...DEFAULT_PLANNER_OPTIONS,
    headroomRatio: config.headroomRatio,
    headroomMin: {
      cpuMilli: parseCpuMilli(config.headroomCpu),
      memoryBytes: parseMemoryBytes(config.headroomMemory),
    },
    headroomDelayMs: config.headroomDelaySeconds * 1000,
    shrinkDelayMs: config.shrinkDelaySeconds * 1000,
  };
}

/** Its settings, for the command line, the settings file and the reference. */
export const vpaRecommender = {
  kind: "VpaRecommender",
  usage: "berth vpa-recommender",
  summary: "Berth's recommender: resizes each node's proxy in place as apps join and leave it.",
  schema: settings,
} as const;

export async function main(argv: readonly string[]): Promise<void> {
  await runComponent(vpaRecommender, start, argv);
}

if (import.meta.main) await main(process.argv.slice(2));
