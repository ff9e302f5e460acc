// Proxies and the one app behind each, in a network namespace, as a process that does what its standard input says and
// answers a line for a line. A node has one proxy, on its own address; a sidecar is one on a pod's.

import { readFileSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import type { AppName, PodUid } from "#model/brand.ts";
import type { CallerRules } from "#model/callers.ts";
import type { NodeSlice } from "#model/node-slice.ts";
import type { AppPorts } from "#model/mesh-profile.ts";
import { systemClock } from "#runtime/clock.ts";

import { type Logger, silentLogger } from "#runtime/logger.ts";

import { BypassWatch } from "../shell/bypass-watch.ts";
import type { IdentityMaterial } from "../shell/identity/app-identity.ts";
import { ServiceTable } from "../shell/service-table.ts";
import { HostBed, until } from "./host-bed.ts";

export interface NodeSetting {
  readonly address: string;
  readonly app: AppName;
  readonly callers?: CallerRules;
  readonly material: IdentityMaterial;
  /** Absent: any. */
  readonly ports?: AppPorts;
  /** Pods of the app behind the proxy, all on its address. */
  readonly pods?: number;
}

export interface LoadSetting {
  /** One client each, which keeps its connection; null for clients that ask their URL directly. */
  readonly proxies: readonly (string | null)[];
  /** For each client. */
  readonly urls: readonly string[];
  readonly requestsEach: number;
  /** Between an answer and the next request. */
  readonly pauseMs: number;
  /** Connections from this namespace's addresses to those that begin so are counted. */
  readonly across: string;
}

export interface LoadResult {
  readonly answered: number;
  readonly failed: number;
  /** The most connections at once. */
  readonly connectionsMax: number;
  /** Right after the last answer: what is kept. */
  readonly connectionsKept: number;
}

/** @property address of the proxy in question. */
export type NodeCommand =
  | { readonly kind: "serve"; readonly setting: NodeSetting }
  | { readonly kind: "slice"; readonly address: string; readonly slice: NodeSlice }
  | { readonly kind: "ask"; readonly address: string; readonly url: string; readonly times: number }
  | { readonly kind: "load"; readonly setting: LoadSetting }
  /** What is tracked of the pod's connections, the proxy being on the address. */
  | { readonly kind: "bypass"; readonly address: string; readonly pod: string; readonly service: string };

/** Its process ends with its input. */
const NO_CONTEXT = { after: () => undefined } as unknown as TestContext;
/** Connections open within a request's millisecond, but stay until they have been idle for seconds. */
const LOOK_MS = 25;
/** In /proc/net/tcp. */
const ESTABLISHED = "01";

interface Proxy {
  readonly services: ServiceTable;
  readonly outbound: number;
}

const proxies = new Map<string, Proxy>();

for await (const line of createInterface({ input: process.stdin })) {
  const answer = (await carriedOut(JSON.parse(line) as NodeCommand)) ?? null;
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);

async function carriedOut(command: NodeCommand): Promise<unknown> {
  if (command.kind === "serve") return serve(command.setting);
  if (command.kind === "slice") return void proxies.get(command.address)?.services.sliceSeen(command.slice);
  if (command.kind === "load") return underLoad(command.setting);
  if (command.kind === "bypass") return bypassing(command);
  const statuses: Record<string, number> = {};
  for (let time = 0; time < command.times; time++) {
    const status = await ask({ proxy: command.address, url: command.url });
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

/** @returns the proxy's ports, and that of the app's pods. */
async function serve({
  app,
  callers,
  material,
  address,
  ports,
  pods = 1,
}: NodeSetting): Promise<AppPorts & { readonly pods: readonly number[] }> {
  const services = new ServiceTable({ nodeAddress: address, clock: systemClock() });
  const identity = { mode: "use", trustDomain: "cluster.local" } as const;
  const bed = new HostBed(NO_CONTEXT, { nodeAddress: address, services, identity });
  bed.configure({ app, ...(callers !== undefined && { callers }), ...(ports !== undefined && { ports }) });
  const podPorts: number[] = [];
  for (let pod = 0; pod < pods; pod++) {
    const port = await startPod(app, address);
    podPorts.push(port);
    bed.pod(`pod-${pod}`, { app, port, address });
  }
  await until(() => bed.host.instance(app)?.isServing === true);
  bed.cluster.listener.identitySeen(app, material);
  await until(() => bed.host.readiness().kind === "ready");
  const bound = bed.ports(app);
  proxies.set(address, { services, outbound: bound.outbound });
  return { ...bound, pods: podPorts };
}

/** @returns by app; or why it cannot be told. */
async function bypassing({
  address,
  pod,
  service,
}: Extract<NodeCommand, { kind: "bypass" }>): Promise<unknown> {
  let trouble = "";
  const app = "shop/web" as AppName;
  const seen = { uid: "pod" as PodUid, namespace: "shop", name: "pod", app, port: 1, address: pod };
  const watch = new BypassWatch({
    pods: () => [{ ...seen, condition: "ready" }],
    isService: (destination) => destination === service,
    nodeAddress: address,
    apiServer: undefined,
    clock: systemClock(),
    logger: Object.assign(Object.create(silentLogger) as Logger, {
      warn: ({ error }: { readonly error: string }) => void (trouble = error),
    }),
  });
  return (await watch.look()) ? Object.fromEntries(watch.counts) : trouble;
}

/** On the proxy's own address: what is tried here is the way between nodes. */
async function startPod(app: AppName, address: string): Promise<number> {
  const server = createServer((_request, response) => void response.end(app));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, address, resolve);
  await promise;
  return (server.address() as AddressInfo).port;
}

async function underLoad({
  proxies: by,
  urls,
  requestsEach,
  pauseMs,
  across,
}: LoadSetting): Promise<LoadResult> {
  let [answered, failed, connectionsMax] = [0, 0, 0];
  const looking = setInterval(() => {
    connectionsMax = Math.max(connectionsMax, connectionsTo(across));
  }, LOOK_MS);
  const clients = by.map(async (proxy, client) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const url = urls[client] ?? "";
    // Not all in the same moment.
    await delay((pauseMs * client) / by.length);
    for (let time = 0; time < requestsEach; time++) {
      const status = await ask({ proxy, url, agent }).catch(() => "error");
      if (status === "200") answered += 1;
      else failed += 1;
      await delay(pauseMs);
    }
    return agent;
  });
  const agents = await Promise.all(clients);
  clearInterval(looking);
  const connectionsKept = connectionsTo(across);
  for (const agent of agents) agent.destroy();
  return { answered, failed, connectionsMax: Math.max(connectionsMax, connectionsKept), connectionsKept };
}

interface Asked {
  /** Address of the client's proxy; null to ask directly. */
  readonly proxy: string | null;
  readonly url: string;
  readonly agent?: Agent;
}

async function ask({ proxy, url, agent }: Asked): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { hostname, port, pathname } = new URL(url);
  const way =
    proxy === null
      ? { host: hostname, port, path: pathname }
      : { host: proxy, localAddress: proxy, port: proxies.get(proxy)?.outbound, path: url };
  const outgoing = request({ ...way, agent: agent ?? false }, (answer) => {
    answer.resume();
    const reason = answer.headers["x-berth-reason"];
    answer.on("end", () =>
      resolve(`${answer.statusCode}${reason === undefined ? "" : ` ${String(reason)}`}`),
    );
  });
  outgoing.on("error", reject);
  outgoing.end();
  return promise;
}

/** Established connections of this network namespace to addresses that begin so, as the kernel lists them. */
function connectionsTo(prefix: string): number {
  let count = 0;
  for (const line of readFileSync("/proc/net/tcp", "latin1").split("\n").slice(1)) {
    const [, , remote = "", state] = line.trim().split(/\s+/);
    if (state === ESTABLISHED && addressOf(remote).startsWith(prefix)) count += 1;
  }
  return count;
}

/** `0100007F:1F90` is 127.0.0.1, port 8080: the bytes of a number of this machine's order. */
function addressOf(remote: string): string {
  const bytes = remote.slice(0, 8).match(/../g) ?? [];
  return bytes
    .map((byte) => Number.parseInt(byte, 16))
    .toReversed()
    .join(".");
}
