// The scheduler extender: verbs and webhook on one port, health and metrics on another.

import type { Registry } from "prom-client";
import { z } from "zod";
import type { AppName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { ClusterCache } from "#kube/cluster-cache.ts";
import { checkClusterVersion } from "#kube/cluster-version.ts";
import { connect } from "#kube/connect.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { EventRecorder } from "#kube/events.ts";
import { type Clock, steadyClock, systemClock } from "#runtime/clock.ts";
import {
  type ComponentContext,
  componentSettings,
  leaseHolder,
  type RunningComponent,
  runComponent,
} from "#runtime/component.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import type { Logger } from "#runtime/logger.ts";
import { operationsApi } from "#runtime/operations-api.ts";
import type { InjectionOptions } from "./policy/injection.ts";
import { DEFAULT_NOMINATE_LIMITS } from "./policy/nominate.ts";
import { DEFAULT_PORT_RANGE } from "./policy/ports.ts";
import { DEFAULT_PROMISE_LIMITS, type PromiseLimits } from "./policy/promise.ts";
import { admissionApi } from "./shell/admission-api.ts";
import { extenderFeatures } from "./shell/extender-features.ts";
import { checkSettings } from "./shell/check-settings.ts";
import { callerRefusal } from "./shell/client-certificate.ts";
import { leaderDiscovery } from "./shell/leader-discovery.ts";
import { explainApi } from "./shell/explain-api.ts";
import { Explanations } from "./shell/explanations.ts";
import { extenderApi, type ExtenderApiOptions } from "./shell/extender-api.ts";
import { createExtenderMetrics, type ExtenderMetrics, registerCacheAge } from "./shell/extender-metrics.ts";
import { HeadroomKeeper, type HeadroomKeeperOptions } from "./shell/headroom-keeper.ts";
import { createHeadroomMetrics } from "./shell/headroom-metrics.ts";
import { Leadership } from "./shell/leadership.ts";
import { proxyAdmissionApi } from "./shell/proxy-admission-api.ts";
import { nominateMode } from "./shell/nominate-mode.ts";
import { PromiseMetrics } from "./shell/promise-metrics.ts";
import { PortAllocator, type PortAllocatorOptions } from "./shell/port-allocator.ts";
import { createPortMetrics } from "./shell/port-metrics.ts";
import { leaderSigner, signerSettings } from "./shell/signing/leader-signer.ts";
import { servedCertificate } from "./shell/served-certificate.ts";
import { ProfileStatusSweep } from "./shell/profile-status-sweep.ts";

const port = z.int().min(0).max(65_535);

const settings = componentSettings.extend({
  host: z.string().default("127.0.0.1").describe("address of the verbs and the webhook"),
  port: port.default(9443).describe("port of the verbs and the webhook"),
  tlsCertFile: z
    .string()
    .optional()
    .describe("certificate (PEM), read anew when it changes; without it the port speaks plain HTTP"),
  tlsKeyFile: z.string().optional().describe("its private key (PEM)"),
  tlsSecret: z
    .string()
    .optional()
    .describe("Secret in the lease's namespace to make and keep an authority and a certificate in, instead"),
  tlsHosts: z
    .string()
    .optional()
    .describe("DNS names and addresses for that certificate, separated by commas; default: its Service's"),
  webhookConfiguration: z
    .string()
    .optional()
    .describe("MutatingWebhookConfiguration whose caBundle follows that authority"),
  clientCa: z
    .string()
    .optional()
    .describe("authorities (PEM) whose client certificates the verbs ask for; the webhooks ask for none"),
  clientName: z
    .string()
    .optional()
    .describe("common name that such a certificate must have, for example system:kube-scheduler"),
  operationsHost: z.string().default("127.0.0.1").describe("address of health and metrics"),
  operationsPort: port.default(9090).describe("port of health and metrics"),
  mode: z
    .enum(["score", "nominate"])
    .default("score")
    .describe(
      "score: answer kube-scheduler; nominate: hold mesh pods back and choose their nodes beforehand",
    ),
  candidates: z
    .int()
    .min(1)
    .max(1)
    .optional()
    .describe(
      "1: filter answers a mesh pod's best node alone, so that kube-scheduler has no other choice; default: all that fit",
    ),
  gateDeadlineSeconds: z
    .number()
    .positive()
    .default(DEFAULT_NOMINATE_LIMITS.gateDeadlineMs / 1000)
    .describe("nominate mode: how long a pod is held back for a node before kube-scheduler decides alone"),
  headroomPods: z
    .int()
    .min(0)
    .max(1_000)
    .default(0)
    .describe(
      "how many pods of A + B to make at once that show autoscalers what mesh pods miss that only B keeps out; 0 makes none",
    ),
  headroomImage: z.string().default("registry.k8s.io/pause:3.10").describe("image of headroom pods"),
  headroomPriorityClass: z
    .string()
    .default("berth-headroom")
    .describe("PriorityClass of headroom pods, below all others"),
  reservationSeconds: z
    .number()
    .positive()
    .default(DEFAULT_PROMISE_LIMITS.reservationMs / 1000)
    .describe("how long room is promised to a pod that is not seen bound"),
  siblingHoldSeconds: z
    .number()
    .nonnegative()
    .default(DEFAULT_PROMISE_LIMITS.siblingHoldMs / 1000)
    .describe("how long room is softly held for siblings of a pod that opened an instance"),
  portRangeFirst: z
    .int()
    .min(1024)
    .max(65_534)
    .default(DEFAULT_PORT_RANGE.first)
    .describe("first port for apps"),
  portRangeLast: z
    .int()
    .min(1025)
    .max(65_535)
    .default(DEFAULT_PORT_RANGE.last)
    .describe("last port for apps"),
  ipFamily: z.enum(["IPv4", "IPv6"]).default("IPv4").describe("family of the nodes' addresses: IPv4 or IPv6"),
  noProxy: z.string().default("").describe("further hosts to reach directly, separated by commas"),
  preStopSeconds: z
    .int()
    .nonnegative()
    .max(600)
    .default(5)
    .describe("pause before an injected container stops"),
  managedResource: z
    .boolean()
    .default(false)
    .describe(
      "have mesh pods ask for one berth.dev/mesh, for a kube-scheduler that sends the extender such pods only",
    ),
  schedulerName: z
    .string()
    .regex(
      /^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/,
      "takes the name of a kube-scheduler's profile, such as berth-scheduler",
    )
    .max(63)
    .default("")
    .describe(
      "kube-scheduler for mesh pods that name none of their own; default: they are left to the cluster's",
    ),
  leaseNamespace: z
    .string()
    .default("berth-system")
    .describe("namespace of the leader's Lease and the TLS Secret"),
  identity: leaseHolder,
  podName: z
    .string()
    .optional()
    .describe(
      "this replica's pod, to be labelled berth.dev/leader-of while it leads; its Service selects that",
    ),
  withoutLease: z
    .boolean()
    .default(false)
    .describe("answer verbs without a Lease, beside the one kube-scheduler that asks; allocate no ports"),
  ...signerSettings,
});

/** Above an ExtenderArgs with 5,000 whole nodes, which kube-scheduler sends without nodeCacheCapable. */
const BODY_BYTES_MAX = 256 * 1024 ** 2;

type Settings = z.infer<typeof settings>;

async function start({ config, logger, ...context }: ComponentContext<Settings>): Promise<RunningComponent> {
  checkSettings(config);
  const clock = decisionClock(config, context.clock);
  const ledger = new ClusterLedger();
  const metrics = createExtenderMetrics(ledger, clock);
  const operations = createHttpServer({ bodyBytesMax: 1024, logger });
  const connection = await connected(config, logger);
  const served = await servedCertificate(config, connection, logger);
  const certificate = served?.certificate;
  const server = createHttpServer({ bodyBytesMax: BODY_BYTES_MAX, logger, certificate });
  const shared = { settings: config, connection, ledger, metrics, logger };
  const leadership = new Leadership({ ...shared, clock: systemClock() });
  leadership.guard(server);
  const limits = promiseLimits(config);
  const events = eventRecorder(config, connection, logger);
  const promises = new PromiseMetrics({ ledger, clock }, metrics.registry);
  const explanations = new Explanations({ ledger, clock, events, alsoTold: promises });
  const told = { events, explanations };
  const placing = nominateMode({ ...shared, ...told, clock, limits, leadership, cache: () => cache });
  const mayAct = (): boolean => leadership.isLeader && notAnsweringReasons().length === 0;
  const headroom = headroomKeeper(config, {
    ...shared,
    registry: metrics.registry,
    mayAct,
  });
  const signer = leaderSigner({ ...shared, registry: metrics.registry, mayAct });
  const cache = new ClusterCache({
    connection,
    ledger,
    logger,
    owners: "watched",
    changed: (change) => {
      for (const part of [promises, headroom, placing, discovery]) part?.changed(change);
    },
  });
  const discovery = leaderDiscovery({ ...shared, leadership, cache });
  registerCacheAge(metrics.registry, () => cache.ageMs());
  const isLeader = () => leadership.isLeader;
  const ports = portAllocator({ ...shared, profiles: cache.profiles, isLeader, clock });
  const sweep = profileStatusSweep(cache.profiles, ports, isLeader);
  const unreadyReasons = () => cache.unreadyReasons();
  const notAnsweringReasons = () => [...unreadyReasons(), ...leadership.notAnsweringReasons()];
  await server.register(extenderApi, {
    ...shared,
    clock,
    limits,
    candidates: config.candidates === 1 ? 1 : undefined,
    // Two ledgers that both answer would promise the same room twice.
    unreadyReasons: notAnsweringReasons,
    explanations,
    headroom,
    refusalOf: refusalOf(config),
  });
  await server.register(admissionApi, {
    ports,
    metrics,
    injection: injectionOptions(config),
    placement: placing,
  });
  await server.register(proxyAdmissionApi, { ledger, metrics, unreadyReasons });
  await operations.register(operationsApi, { registry: metrics.registry, unreadyReasons });
  await operations.register(explainApi, { ledger, explanations, clock, unreadyReasons: notAnsweringReasons });
  const urls = {
    verbs: await listen(server, config),
    operations: await listen(operations, { host: config.operationsHost, port: config.operationsPort }),
  };
  cache.start();
  void cache.whenSynced().then(
    () => leadership.stand(),
    () => logger.debug("stopped before the first sync"),
  );
  for (const part of [sweep, headroom, placing, discovery, signer]) part?.start();
  served?.keep();
  return {
    urls,
    async settle(resourceVersion) {
      await leadership.whenBegun();
      await ports.whenIdle();
      await cache.whenObserved(resourceVersion);
      await placing?.settle();
    },
    async stop() {
      sweep.stop();
      await Promise.all([placing?.stop(), discovery?.stop(), headroom?.stop(), signer?.stop()]);
      await leadership.stop();
      await events.stop();
      await Promise.all([server.close(), operations.close(), cache.stop(), served?.stop()]);
      await connection.close();
    },
  };
}

async function connected(config: Settings, logger: Logger): Promise<KubeConnection> {
  const connection = await connect(config, "berth-scheduler-extender");
  await checkClusterVersion(connection, extenderFeatures(config), logger);
  return connection;
}

interface PortAllocatorParts extends Omit<PortAllocatorOptions, "range" | "metrics"> {
  readonly settings: Settings;
  readonly metrics: Pick<ExtenderMetrics, "registry">;
}

function portAllocator({ settings, metrics, ...parts }: PortAllocatorParts): PortAllocator {
  const range = { first: settings.portRangeFirst, last: settings.portRangeLast };
  const portMetrics = createPortMetrics(metrics.registry, { profiles: () => parts.profiles.values(), range });
  return new PortAllocator({ ...parts, range, metrics: portMetrics });
}

// A promise whose time is over because somebody set the machine's clock would be room that is given away twice.
function decisionClock(config: Settings, clock: Clock): Clock {
  return config.clock === "paced" ? clock : steadyClock(clock, config.clockSpeed);
}

function profileStatusSweep(
  profiles: ClusterCache["profiles"],
  ports: PortAllocator,
  isLeader: () => boolean,
): ProfileStatusSweep {
  const refreshStatus = (app: AppName): Promise<void> => ports.refreshStatus(app);
  // A rate of writes is the API server's business, and that is on the machine's clock.
  return new ProfileStatusSweep({ profiles, isLeader, refreshStatus, clock: systemClock() });
}

function promiseLimits({ reservationSeconds, siblingHoldSeconds }: Settings): PromiseLimits {
  return { reservationMs: reservationSeconds * 1000, siblingHoldMs: siblingHoldSeconds * 1000 };
}

function injectionOptions({
  ipFamily,
  noProxy,
  preStopSeconds,
  managedResource: isManagedResource,
  schedulerName,
}: Settings): Omit<InjectionOptions, "ports"> {
  const hosts = noProxy.split(",").filter((host) => host !== "");
  return { ipFamily, noProxy: hosts, preStopSeconds, isManagedResource, schedulerName };
}

function headroomKeeper(
  { headroomPods, headroomImage, headroomPriorityClass }: Settings,
  {
    registry,
    ...shared
  }: Pick<HeadroomKeeperOptions, "connection" | "ledger" | "logger" | "mayAct"> & {
    readonly registry: Registry;
  },
): HeadroomKeeper | undefined {
  if (headroomPods === 0) return undefined;
  return new HeadroomKeeper({
    ...shared,
    // An autoscaler's patience is on the machine's clock.
    clock: systemClock(),
    image: headroomImage,
    priorityClass: headroomPriorityClass,
    podsMax: headroomPods,
    metrics: (pods) => createHeadroomMetrics(registry, pods),
  });
}

function eventRecorder(
  { identity: instance }: Settings,
  connection: KubeConnection,
  logger: Logger,
): EventRecorder {
  const clock = systemClock();
  const component = "berth-scheduler-extender";
  return new EventRecorder({ connection, component, instance, clock, random: Math.random, logger });
}

function refusalOf({ clientCa, clientName }: Settings): ExtenderApiOptions["refusalOf"] {
  return clientCa === undefined ? undefined : (socket) => callerRefusal(socket, clientName);
}

/** Its settings, for the command line, the settings file and the reference. */
export const schedulerExtender = {
  kind: "SchedulerExtender",
  usage: "berth scheduler-extender",
  summary:
    "Berth's scheduler extender: filters and scores nodes by a pod's request and its share of the node proxy,\nand injects mesh pods with their proxy's address.",
  schema: settings,
} as const;

export async function main(argv: readonly string[]): Promise<void> {
  await runComponent(schedulerExtender, start, argv);
}

if (import.meta.main) await main(process.argv.slice(2));
