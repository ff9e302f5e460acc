// Everything a run consists of, started in order and stopped in reverse: loopback API with its fleet, the components'
// processes, the scheduler driver, the example apps. Whatever fails on the way, what was started is stopped.

import { KubeConnection } from "#kube/connection.ts";
import { type Clock, systemClock } from "#runtime/clock.ts";
import { createLogger } from "#runtime/logger.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { FleetTally } from "#sim/audit/fleet-tally.ts";
import { NodeContents } from "#sim/audit/node-contents.ts";
import { OvercommitAudit } from "#sim/audit/overcommit-audit.ts";
import { SchedulerDriver } from "#sim/driver/scheduler-driver.ts";
import { SimulatedKubelet } from "#sim/loopback/kubelet.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { ExampleApps } from "./example-apps.ts";
import { createFleet, createInjectionWebhook } from "./fleet.ts";
import { fleetProxies } from "./fleet-proxies.ts";
import { ProxyMeter } from "./proxy-meter.ts";
import { createParts, FIXED_PORTS, type Parts, realNodeAddresses } from "./parts.ts";
import { partUrl } from "./part-url.ts";
import { KubeletTally } from "./kubelet-tally.ts";
import { simulatedUsage } from "./simulated-usage.ts";
import type { StartOptions } from "./start-options.ts";

export interface Environment {
  readonly clock: Clock;
  /** Set when time moves in lockstep. */
  readonly virtualClock: VirtualClock | undefined;
  readonly api: LoopbackApi;
  readonly connection: KubeConnection;
  readonly tally: FleetTally;
  readonly audit: OvercommitAudit;
  readonly kubelets: KubeletTally;
  readonly parts: Parts;
  readonly driver: SchedulerDriver;
  readonly examples: ExampleApps;
  readonly urls: EnvironmentUrls;
  stop(): Promise<void>;
}

export interface EnvironmentUrls {
  readonly api: string;
  readonly verbs: string;
  readonly extender: string;
  readonly recommender: string;
  readonly proxies: readonly string[];
  /** Undefined where there is none. */
  readonly ui: string | undefined;
}

/** From binding to Running, and from a granted resize to its effect; what kubelet takes with the image at hand. */
const POD_START_MS = 2_000;
const RESIZE_MS = 500;

/**
 * @throws UsageError if the fleet is impossible or a port is taken.
 */
export async function startEnvironment(options: StartOptions): Promise<Environment> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const stopOne of stops.splice(0).toReversed()) await stopOne();
  };
  try {
    return await startAll(options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  options: StartOptions,
  stops: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Environment> {
  const logger = createLogger("start", options.logLevel);
  const virtualClock = options.speed === "max" ? new VirtualClock(Date.now()) : undefined;
  const clockSinceMs = Date.now();
  const clock = virtualClock ?? systemClock(Number(options.speed), clockSinceMs);
  const random = new SeededRandom(options.seed);
  const api = new LoopbackApi({ clock, serverClock: systemClock(), logger, random: () => random.next() });
  const { contents, tally, audit, kubelets } = observe(api);
  const meter = new ProxyMeter(logger);
  const nodeAddresses = await realNodeAddresses(options);
  const proxies = await fleetProxies({ options, api, contents, clock, random, nodeAddresses, logger });
  stops.push(async () => proxies?.close());
  createFleet(api.store, {
    nodes: options.nodes,
    nodeSize: options.nodeSize,
    realAddresses: nodeAddresses,
    proxyAddress: (index) => proxies?.addressOf(index),
  });
  const kubelet = simulateKubelet(api, clock, { options, nodes: nodeAddresses.length });
  api.setMetricsSource(
    simulatedUsage({ contents, clock, random: () => random.next(), measured: () => meter.usage }),
  );
  const port = options.ports === "fixed" ? FIXED_PORTS.api : 0;
  const { url: apiUrl } = await api.listen({ host: "127.0.0.1", port }).catch((error: unknown) => {
    throw withPortsHint(error);
  });
  stops.push(() => api.close());
  kubelet.start();
  stops.push(async () => kubelet.stop());
  const logLine = (name: string, line: string): void => void process.stderr.write(`${name}: ${line}\n`);
  const parts = await createParts({
    options,
    clockSinceMs,
    apiUrl,
    nodeAddresses,
    proxyUsagePort: proxies?.port,
    handlers: {
      logLine: quiet(logLine, options),
      spawned: (process) => process.send({ kind: "advance", nowMs: clock.nowMs() }),
    },
  });
  const urls = { api: apiUrl, ...(await startParts(parts, stops)) };
  api.setPodReach((podPort) => partUrl(podPort, { ...urls, simulatedProxy: (name) => proxies?.urlOf(name) }));
  proxies?.reach(urls.proxies);
  meter.start(urls.proxies);
  stops.push(async () => meter.stop());
  createInjectionWebhook(api.store, urls.verbs);
  const connection = new KubeConnection({ server: apiUrl, userAgent: "berth-start" });
  stops.push(() => connection.close());
  await whenLeading(api);
  const driver = new SchedulerDriver({
    connection,
    extenderUrl: urls.verbs,
    clock,
    random: () => random.next(),
    logger,
  });
  stops.push(() => driver.stop());
  await driver.start(virtualClock === undefined ? "automatic" : "onDemand");
  const examples = new ExampleApps({ connection, nodeAddresses, logLine });
  stops.push(() => examples.stop());
  return {
    clock,
    virtualClock,
    api,
    connection,
    tally,
    audit,
    kubelets,
    parts,
    driver,
    examples,
    urls,
    stop,
  };
}

interface Observers {
  readonly contents: NodeContents;
  readonly tally: FleetTally;
  readonly audit: OvercommitAudit;
  readonly kubelets: KubeletTally;
}

function observe({ store }: LoopbackApi): Observers {
  const contents = new NodeContents(store);
  return {
    contents,
    tally: new FleetTally(contents),
    audit: new OvercommitAudit(store, contents),
    kubelets: new KubeletTally(contents, store),
  };
}

function simulateKubelet(
  { store }: LoopbackApi,
  clock: Clock,
  { options, nodes }: { readonly options: StartOptions; readonly nodes: number },
): SimulatedKubelet {
  const random = new SeededRandom(options.seed + 1);
  return new SimulatedKubelet({
    store,
    clock,
    random: () => random.next(),
    faults: { resizeFaultRatio: options.resizeFaults },
    startDelayMs: POD_START_MS,
    resizeDelayMs: RESIZE_MS,
    isReal: (name) => Number(name.slice(name.lastIndexOf("-") + 1)) < nodes,
  });
}

async function startParts(
  parts: Parts,
  stops: (() => Promise<unknown>)[],
): Promise<Omit<EnvironmentUrls, "api">> {
  const { ui } = parts;
  const all = [parts.extender, parts.recommender, ...parts.proxies, ...(ui === undefined ? [] : [ui])];
  stops.push(() => Promise.all(all.map((part) => part.stop())));
  const results = await Promise.allSettled(all.map((part) => part.start()));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw withPortsHint(failed.reason);
  const [extender, recommender, ...others] = results.map(
    (result) => (result as PromiseFulfilledResult<Ready>).value,
  );
  const proxies = others.slice(0, parts.proxies.length);
  return {
    verbs: extender?.urls?.["verbs"] ?? "",
    extender: extender?.urls?.["operations"] ?? "",
    recommender: recommender?.urls?.["operations"] ?? "",
    proxies: proxies.map(({ controlUrl }) => controlUrl ?? ""),
    ui: others[parts.proxies.length]?.urls?.["ui"],
  };
}

interface Ready {
  readonly urls?: Readonly<Record<string, string>>;
  readonly controlUrl?: string;
}

function withPortsHint(error: unknown): unknown {
  if (!(error instanceof UsageError) || !error.message.includes("in use")) return error;
  return new UsageError(`${error.message} (--ports free takes any)`, { cause: error });
}

// Ports are allocated by the leader only, and the first example pod needs some.
async function whenLeading({ store }: LoopbackApi): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const isHeld = (): boolean => store.list("leases").length >= 2;
  const cancel = store.subscribe(() => {
    if (isHeld()) resolve();
  });
  if (isHeld()) resolve();
  await promise;
  cancel();
}

// Components' own lines are for whoever asked for them.
function quiet(logLine: (name: string, line: string) => void, { logLevel }: StartOptions): typeof logLine {
  return logLevel === "debug" || logLevel === "info" ? logLine : () => undefined;
}
