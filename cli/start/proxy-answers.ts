// The fleet's proxies as the recommender asks them: at one port, the same on each node's address. Those of simulated nodes
// are answered for here. The real ones are asked at their own port, and what they count, which is by the machine's time,
// is passed on by the fleet's, which may run faster.

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer, type Server } from "node:net";
import { request } from "undici";
import { EXPOSITION_CONTENT_TYPE } from "#proxy/shell/exposition.ts";
import type { InstanceUsageReport, UsageReport } from "#proxy/shell/usage-report.ts";
import type { Logger } from "#runtime/logger.ts";

/** The text of what a node's proxy answers. */
export type ProxyAnswer = (path: ProxyPath) => Promise<string> | string;

const CONTENT_TYPES = {
  "/v1/usage": "application/json",
  "/v1/releases": "application/json",
  "/metrics": EXPOSITION_CONTENT_TYPE,
} as const;
export type ProxyPath = keyof typeof CONTENT_TYPES;

/** Another run of this machine may have the port on one of the addresses. */
const PORTS_TRIED_MAX = 8;
/** As long as the recommender waits. */
const ANSWER_MS_MAX = 2_000;

export class ProxyAnswers {
  readonly #byAddress: ReadonlyMap<string, ProxyAnswer>;
  readonly #logger: Logger;
  /** It listens nowhere itself: it is given the connections of all addresses. */
  readonly #http = createHttpServer((asked, reply) => void this.#answer(asked, reply));
  #listeners: readonly Server[] = [];

  /** @param byAddress the nodes' addresses, all of them loopback. */
  constructor(byAddress: ReadonlyMap<string, ProxyAnswer>, logger: Logger) {
    this.#byAddress = byAddress;
    this.#logger = logger;
  }

  /** The port; undefined if none is free on all addresses, or they are none of this machine's. */
  async listen(): Promise<number | undefined> {
    for (let tried = 0; tried < PORTS_TRIED_MAX; tried++) {
      const port = await this.#listenOnce();
      if (port !== undefined) return port;
      this.close();
    }
    return undefined;
  }

  close(): void {
    for (const listener of this.#listeners) listener.close();
    this.#listeners = [];
    this.#http.closeAllConnections();
  }

  async #listenOnce(): Promise<number | undefined> {
    const addresses = [...this.#byAddress.keys()];
    this.#listeners = addresses.map(() =>
      createServer((socket) => void this.#http.emit("connection", socket)),
    );
    const [first, ...others] = this.#listeners;
    const port = await listening(first, addresses[0] ?? "", 0);
    if (port === undefined) return undefined;
    const ports = await Promise.all(
      others.map((listener, index) => listening(listener, addresses[index + 1] ?? "", port)),
    );
    return ports.includes(undefined) ? undefined : port;
  }

  async #answer({ method, url = "", socket }: IncomingMessage, reply: ServerResponse): Promise<void> {
    const answer = this.#byAddress.get(socket.localAddress ?? "");
    if (method !== "GET" || answer === undefined || !isProxyPath(url)) return void reply.writeHead(404).end();
    try {
      const text = await answer(url);
      reply.writeHead(200, { "Content-Type": CONTENT_TYPES[url] }).end(text);
    } catch (error) {
      this.#logger.debug({ url, error: (error as Error).message }, "a proxy did not answer");
      reply.writeHead(503).end();
    }
  }
}

/** Asks a real proxy, and tells its counters as they would be had the time of the fleet passed. */
export function realProxyAnswer(usageUrl: () => string, speed: number): ProxyAnswer {
  return async (path) => {
    const limits = { headersTimeout: ANSWER_MS_MAX, bodyTimeout: ANSWER_MS_MAX };
    const { statusCode, body } = await request(`${usageUrl()}${path}`, limits);
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`it answered ${statusCode}`);
    // Releases are judged by the machine's time, as nodes reckon it.
    return path === "/v1/usage" ? JSON.stringify(inFleetTime(JSON.parse(text) as UsageReport, speed)) : text;
  };
}

/** Rates stay what they are: `speed` times the counts in `speed` times the time. */
function inFleetTime(report: UsageReport, speed: number): UsageReport {
  const instances = report.instances.map((one): InstanceUsageReport => ({
    ...one,
    requests: one.requests * speed,
    cpuSeconds: one.cpuSeconds * speed,
    cpuHeldSeconds: one.cpuHeldSeconds * speed,
  }));
  return { ...report, cpuSeconds: report.cpuSeconds * speed, instances };
}

function isProxyPath(url: string): url is ProxyPath {
  return url in CONTENT_TYPES;
}

async function listening(
  server: Server | undefined,
  host: string,
  port: number,
): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  server?.once("error", () => resolve(undefined));
  server?.listen({ host, port }, () => {
    const address = server.address();
    resolve(typeof address === "object" && address !== null ? address.port : undefined);
  });
  return server === undefined ? undefined : promise;
}
