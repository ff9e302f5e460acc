// The process that hosts the instances. It gets its configuration from the supervisor, and ends when the supervisor
// does: nobody would restart it, and its successor needs the ports.

import { flushCompileCache } from "node:module";

import type { AppName, NodeName } from "#model/brand.ts";
import { systemClock } from "#runtime/clock.ts";
import { createLogger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { USAGE_EXIT_CODE, UsageError } from "#runtime/usage-error.ts";

import { DEFAULT_LIFECYCLE_TIMES } from "../policy/instance-lifecycle.ts";
import { DEFAULT_WATCHDOG_LIMITS } from "../policy/watchdog.ts";
import { BypassWatch } from "./bypass-watch.ts";
import { probeAddress } from "./address-probe.ts";
import type { ClusterSource } from "./cluster-source.ts";
import { ControlServer } from "./control-server.ts";
import { findPredecessor } from "./find-predecessor.ts";
import { Handover } from "./handover.ts";
import { ProxyHost } from "./host.ts";
import type { IdentityMaterial } from "./identity/app-identity.ts";
import type { KeptIdentities } from "./identity/identity-keeper.ts";
import { InstanceProcesses } from "./instance-processes.ts";
import { LateCluster } from "./late-cluster.ts";
import type { ProxyConfig } from "./proxy-config.ts";
import { isMigrationOn } from "./reuse-port.ts";
import { ServiceTable } from "./service-table.ts";
import { Siblings } from "./siblings.ts";
import type { FromHost, ToHost } from "./supervisor-messages.ts";
import { openThreadCgroups } from "./thread-cgroups.ts";
import { UsageServer } from "./usage-server.ts";
import { DEFAULT_DATA_PATH_TIMES } from "./worker-messages.ts";

/** @param options.workerPreload URL of a module that every worker loads first. */
export function runHost(options: HostProcessOptions = {}): void {
  process.once("message", (message: ToHost) => {
    if (message.kind === "start") void start(message, options);
    else process.exit(0);
  });
}

export interface HostProcessOptions {
  readonly workerPreload?: string | undefined;
}

type Start = Extract<ToHost, { readonly kind: "start" }>;

async function start(message: Start, options: HostProcessOptions): Promise<void> {
  try {
    await run(message, options);
  } catch (error) {
    giveUp(error);
  }
}

function giveUp(error: unknown): void {
  if (!(error instanceof UsageError || error instanceof OperationError)) throw error;
  tell({ kind: "unusable", message: error.message });
  process.exitCode = USAGE_EXIT_CODE;
  process.disconnect();
}

async function run(
  { config, memory, identities, serving }: Start,
  { workerPreload }: HostProcessOptions,
): Promise<void> {
  const clock = systemClock();
  const processes = new InstanceProcesses({ clock, serving, tell });
  process.on("message", (message: ToHost) => {
    if (message.kind !== "start" && message.kind !== "drain") processes.heard(message);
  });
  const logger = createLogger("proxy", config.logLevel);
  const { nodeName, nodeAddress, drainTimeoutMs } = config;
  await probeAddress("--node-address", nodeAddress);
  // First of all, so that nothing is half started if the port is somebody else's.
  const predecessor = await findPredecessor(config);
  if (predecessor !== undefined) logger.info({ node: nodeName }, "taking over from the proxy that runs here");
  if (isMigrationOn() === false) {
    logger.info(
      { node: nodeName },
      "net.ipv4.tcp_migrate_req is off: an upgrade may reset a few new connections",
    );
  }
  const services = new ServiceTable({ nodeAddress, clock });
  const load = (): Promise<ClusterSource | undefined> => clusterOf(config, services, identities);
  // A host that takes another's place has its instances to start first; a first one is told at once what cannot work.
  const cluster =
    config.apiServer !== undefined && memory.pods.length > 0 ? new LateCluster(load, giveUp) : await load();
  const host = new ProxyHost({
    nodeName,
    nodeAddress,
    cluster,
    services,
    processes,
    threads: openThreadCgroups(config.threadCgroups, logger),
    identity: { mode: config.identity, trustDomain: config.trustDomain },
    clock,
    logger,
    lifecycle: { ...DEFAULT_LIFECYCLE_TIMES, lingerMs: config.lingerMs, drainTimeoutMs },
    dataPath: { ...DEFAULT_DATA_PATH_TIMES, drainTimeoutMs },
    watchdog: DEFAULT_WATCHDOG_LIMITS,
    workerPreload,
    memory: predecessor?.memory ?? memory,
    remember: (memory) => tell({ kind: "remember", memory }),
    changed: () => handover.changed(),
  });
  const siblings = new Siblings({
    changed: () => handover.changed(),
    hooked: (event) => void host.hooked(event),
  });
  const bypass = config.isBypassingCounted
    ? new BypassWatch({
        ...config,
        pods: () => host.pods(),
        isService: (address) => services.hasAddress(address),
        clock,
        logger,
      })
    : undefined;
  const control = new ControlServer({ host, clock, siblings, bypass });
  const parts = { host, control, siblings, services, clock, logger };
  const handover = new Handover({
    ...config,
    ...parts,
    listening: (controlUrl) => tell({ kind: "listening", controlUrl }),
    ready: () => {
      logger.info({ node: nodeName }, "ready");
      tell({ kind: "ready" });
      // For the next host: one that is killed writes nothing.
      flushCompileCache();
    },
  });
  if (config.usagePort !== 0)
    await new UsageServer({ host, siblings, bypass, logger }).listen(nodeAddress, config.usagePort);
  await handover.start(predecessor?.link);
  host.start();
  bypass?.start();

  let ending: Promise<void> | undefined;
  const end = (): void => {
    ending ??= (async () => {
      logger.info({ node: nodeName }, "draining");
      await handover.end();
      process.exit(0);
    })();
  };
  process.on("message", (message: ToHost) => {
    if (message.kind === "drain") end();
  });
  process.on("disconnect", end);
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}

async function clusterOf(
  config: ProxyConfig,
  services: ServiceTable,
  kept: KeptIdentities,
): Promise<ClusterSource | undefined> {
  if (config.apiServer === undefined) return undefined;
  // Loaded only where there is a cluster: undici alone is several megabytes.
  const [{ connectToApiServer }, { ClusterWatch }] = await Promise.all([
    import("./service-account.ts"),
    import("./cluster-watch.ts"),
  ]);
  const connection = await connectToApiServer(config.apiServer, config);
  return new ClusterWatch({
    connection,
    ...(config.identity !== "off" && { identity: { ...config, kept, keep } }),
    nodeName: config.nodeName as NodeName,
    podName: config.podName,
    services,
    clock: systemClock(),
    logger: createLogger("proxy", config.logLevel),
    random: Math.random,
  });
}

function keep(app: AppName, material: IdentityMaterial | undefined): void {
  tell({ kind: "keep-identity", app, ...(material !== undefined && { material }) });
}

function tell(message: FromHost): void {
  // The supervisor may have gone a moment ago; the disconnect event ends this process then.
  if (process.connected) process.send?.(message);
}
