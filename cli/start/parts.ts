// The processes of a run: the real extender, recommender and proxies, each started as in a cluster but for the URL of
// its API server.

import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { ManagedProcess, type ProcessHandlers } from "./managed-process.ts";
import { freePort, isFree } from "./free-port.ts";
import { nodeName, SYSTEM_NAMESPACE } from "./fleet.ts";
import { PARTS_IDENTITY } from "./part-url.ts";
import type { StartOptions } from "./start-options.ts";

export interface Parts {
  readonly extender: ManagedProcess;
  readonly recommender: ManagedProcess;
  readonly proxies: readonly ManagedProcess[];
  /** Absent where nobody looks. */
  readonly ui: ManagedProcess | undefined;
}

export interface PartsOptions {
  readonly options: StartOptions;
  /** When a faster clock showed the machine's time; all of the run's clocks agree. */
  readonly clockSinceMs: number;
  readonly apiUrl: string;
  readonly nodeAddresses: readonly string[];
  /** Where all nodes' proxies are asked what they use; undefined: nowhere. */
  readonly proxyUsagePort: number | undefined;
  readonly handlers: ProcessHandlers;
}

export const FIXED_PORTS = {
  api: 8001,
  verbs: 9443,
  extender: 9090,
  recommender: 9091,
  proxy: 9092,
  ui: 8080,
} as const;

const MAINS = {
  extender: new URL("../../scheduler-extender/main.ts", import.meta.url),
  recommender: new URL("../../vpa-recommender/main.ts", import.meta.url),
  proxy: new URL("../../proxy/main.ts", import.meta.url),
  ui: new URL("../ui/main.ts", import.meta.url),
};

/**
 * Addresses for the nodes with real proxies: two where the whole of 127.0.0.0/8 is loopback, as on Linux, else one.
 * Runs with free ports take addresses of their own, since apps' ports are the same on every node.
 */
export async function realNodeAddresses({ ports }: StartOptions): Promise<readonly string[]> {
  const net = ports === "fixed" ? "127.0.0" : `127.${1 + (process.pid % 250)}.${(process.pid >> 8) % 250}`;
  const addresses = [`${net}.2`, `${net}.3`];
  return (await isLoopback(addresses[0] ?? "")) ? addresses : ["127.0.0.1"];
}

export async function createParts({
  options,
  clockSinceMs,
  apiUrl,
  nodeAddresses,
  proxyUsagePort,
  handlers,
}: PartsOptions): Promise<Parts> {
  // Chosen here and not by the process, since one that is started again must be found where it was.
  const port = async (fixed: number, address = "127.0.0.1"): Promise<number> =>
    options.ports === "fixed" ? fixed : freePort(address);
  const make = (name: string, main: URL, flags: Flags): ManagedProcess => {
    const file = fileURLToPath(main);
    const args = flagArguments({ ...flags, "api-server": apiUrl, "log-level": options.logLevel });
    return new ManagedProcess({ name, file, args }, handlers);
  };
  const pace: Flags =
    options.speed === "max"
      ? { clock: "paced" }
      : { "clock-speed": options.speed, "clock-since-ms": clockSinceMs };
  const shared = { ...pace, identity: PARTS_IDENTITY, "lease-namespace": SYSTEM_NAMESPACE };
  return {
    extender: make("extender", MAINS.extender, {
      ...shared,
      port: await port(FIXED_PORTS.verbs),
      "operations-port": await port(FIXED_PORTS.extender),
    }),
    recommender: make("recommender", MAINS.recommender, {
      ...shared,
      "operations-port": await port(FIXED_PORTS.recommender),
      "usage-interval-seconds": usageSeconds(options),
      ...(proxyUsagePort !== undefined && { "proxy-usage-port": proxyUsagePort }),
    }),
    proxies: await Promise.all(
      nodeAddresses.map(async (address, index) =>
        make(`proxy on ${address}`, MAINS.proxy, {
          "node-name": nodeName(index),
          "node-address": address,
          "control-host": address,
          "control-port": await port(FIXED_PORTS.proxy, address),
        }),
      ),
    ),
    ui: hasUi(options)
      ? make("ui", MAINS.ui, {
          // In lockstep, time is whatever the pods say; nobody waits for the UI to settle.
          ...(options.speed === "max" ? {} : pace),
          port: await uiPort(options),
          "cluster-name": `simulated fleet of ${options.nodes} nodes`,
        })
      : undefined,
  };
}

/** Many things listen on 8080: where it is taken the UI, whose address is printed, has any other. */
async function uiPort({ ports }: StartOptions): Promise<number> {
  const isWanted = ports === "fixed" && (await isFree(FIXED_PORTS.ui, "127.0.0.1"));
  return isWanted ? FIXED_PORTS.ui : freePort("127.0.0.1");
}

/** Runs that nobody watches have none. */
function hasUi({ headless, noUi }: StartOptions): boolean {
  return !headless && !noUi;
}

type Flags = Readonly<Record<string, string | number>>;

function flagArguments(flags: Flags): readonly string[] {
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** Nodes of a fleet whose proxies are asked: what a round of 5,000 takes is too long for its looks to be compared. */
const NODES_ASKED_MAX = 500;
/** Questions to proxies in a second of the machine, which has other work as well. */
const PROXIES_ASKED_PER_SECOND = 100;
/** Looks further apart are not compared (vpa-recommender/policy/usage-difference.ts), and a round takes its time, too. */
const COMPARED_SECONDS_MAX = 400;

/** Usage is read at least every minute of the trace, and no more often than a machine's seconds allow. */
function usageSeconds(options: StartOptions): number {
  const { speed, nodes } = options;
  if (speed === "max") return 300;
  return asksProxies(options) ? askedEverySeconds(speed, nodes) : Math.max(60, speed);
}

/**
 * False where what instances use cannot be told: in lockstep and at high speeds the counters of real processes say nothing
 * of the fleet's time. Runs that nobody watches need none of it.
 */
export function asksProxies(options: StartOptions): boolean {
  const { speed, nodes } = options;
  if (!hasUi(options) || speed === "max" || nodes > NODES_ASKED_MAX) return false;
  return askedEverySeconds(speed, nodes) <= COMPARED_SECONDS_MAX;
}

function askedEverySeconds(speed: number, nodes: number): number {
  return Math.max(60, speed * Math.max(1, nodes / PROXIES_ASKED_PER_SECOND));
}

async function isLoopback(address: string): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(0, address, () => probe.close(() => resolve(true)));
  });
}
