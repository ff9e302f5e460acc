// The host's own HTTP interface: pods' hooks, health, what runs here and its metrics. Bodies and connections are bounded;
// it shares the process with every app's traffic, though not a thread.

import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";

import type { PodUid } from "#model/brand.ts";
import type { Clock } from "#runtime/clock.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";

import { EXPOSITION_CONTENT_TYPE } from "./exposition.ts";
import type { ProxyHost } from "./host.ts";
import { instanceReport } from "./instance-report.ts";
import { ProxyMetrics } from "./metrics.ts";
import { parsePodHook } from "./pod-hook.ts";

export interface ControlServerOptions {
  readonly host: ProxyHost;
  readonly clock: Clock;
}

/** A hook's body has six short fields. */
const BODY_BYTES_MAX = 16 * 1024;
const CONNECTIONS_MAX = 128;
const REQUEST_MS_MAX = 10_000;

interface Reply {
  readonly statusCode: number;
  readonly contentType?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #metrics: ProxyMetrics;
  readonly #server: Server;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#metrics = new ProxyMetrics(options.host);
    this.#server = createServer({ requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX });
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on("request", (request, response) => void this.#serve(request, response));
  }

  /**
   * @returns the base URL.
   * @throws OperationError PortInUse or AddressUnavailable.
   */
  async listen(host: string, port: number): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", (error) => reject(listenError(error, host, port)));
    this.#server.listen(port, host, resolve);
    await promise;
    const address = this.#server.address();
    const actual = typeof address === "object" && address !== null ? address.port : port;
    return `http://${host.includes(":") ? `[${host}]` : host}:${actual}`;
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      send(response, await this.#reply(request));
    } catch (error) {
      // A client that goes away in the middle of its body is no error of ours.
      if (request.destroyed && !request.complete) return;
      if (!(error instanceof UsageError)) throw error;
      send(response, problem(400, error.message));
    }
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    const { host } = this.#options;
    const [path = "/"] = (request.url ?? "/").split("?");
    const route: Route | undefined = ROUTES.find(({ pattern }) => pattern.test(path));
    if (route === undefined) return problem(404, `there is nothing at ${path}`);
    if (!route.methods.includes(request.method ?? "")) {
      const reply = problem(405, `${path} takes ${route.methods.join(" or ")}`);
      return { ...reply, headers: { Allow: route.methods.join(", ") } };
    }
    switch (route.name) {
      case "livez":
        return { statusCode: 200, contentType: "text/plain", body: "ok\n" };
      case "readyz": {
        const readiness = host.readiness();
        return json(readiness.kind === "ready" ? 200 : 503, readiness);
      }
      case "metrics":
        return { statusCode: 200, contentType: EXPOSITION_CONTENT_TYPE, body: this.#metrics.render() };
      case "instances": {
        const pods = host.pods();
        const instances = host.instances.map((instance) => instanceReport(instance, pods));
        return json(200, { node: host.nodeName, isSynced: host.isSynced, instances });
      }
      case "pods":
        return this.#register(request);
      case "pod":
        return this.#unregister(path);
    }
  }

  async #register(request: IncomingMessage): Promise<Reply> {
    const { host, clock } = this.#options;
    // A page in a browser can send any body but not this type without being asked first.
    if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) {
      return problem(415, "the body must be application/json");
    }
    const text = await boundedText(request);
    if (text === undefined) return problem(413, `the body is larger than ${BODY_BYTES_MAX} bytes`);
    const pod = parsePodHook(parseJson(text));
    if (!host.hooked({ kind: "registered", pod, nowMs: clock.nowMs() })) {
      return problem(503, "this node has no room for another pod");
    }
    const instance = host.instance(pod.app);
    if (instance === undefined) return problem(503, "this node has no room for another instance");
    return json(200, {
      app: pod.app,
      state: instance.state.phase.kind,
      ports: instance.boundPorts ?? instance.state.ports ?? null,
    });
  }

  #unregister(path: string): Reply {
    const { host, clock } = this.#options;
    const uid = decodeUid(path.slice(path.lastIndexOf("/") + 1));
    host.hooked({ kind: "unregistered", uid, nowMs: clock.nowMs() });
    return { statusCode: 204 };
  }
}

interface Route {
  readonly name: "livez" | "readyz" | "metrics" | "instances" | "pods" | "pod";
  readonly pattern: RegExp;
  readonly methods: readonly string[];
}

const ROUTES: readonly Route[] = [
  { name: "livez", pattern: /^\/livez$/, methods: ["GET"] },
  { name: "readyz", pattern: /^\/readyz$/, methods: ["GET"] },
  { name: "metrics", pattern: /^\/metrics$/, methods: ["GET"] },
  { name: "instances", pattern: /^\/v1\/instances$/, methods: ["GET"] },
  { name: "pods", pattern: /^\/v1\/pods$/, methods: ["POST"] },
  { name: "pod", pattern: /^\/v1\/pods\/[^/]{1,128}$/, methods: ["DELETE"] },
];

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return new OperationError("PortInUse", `the control port ${host}:${port} is in use`, { cause: error });
    case "EACCES":
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new OperationError(
        "AddressUnavailable",
        `the control address ${host}:${port} cannot be used (${error.code})`,
        { cause: error },
      );
    default:
      return error;
  }
}

async function boundedText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The request stays usable when the loop is left, or the refusal could not be sent.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`the body is not JSON: ${(error as Error).message}`);
  }
}

function decodeUid(segment: string): PodUid {
  try {
    return decodeURIComponent(segment) as PodUid;
  } catch {
    throw new UsageError("the pod's uid is not percent-encoded correctly");
  }
}

function json(statusCode: number, value: unknown): Reply {
  return { statusCode, contentType: "application/json", body: `${JSON.stringify(value)}\n` };
}

function problem(statusCode: number, message: string): Reply {
  return json(statusCode, { error: message });
}

function send(response: ServerResponse, { statusCode, contentType, body, headers }: Reply): void {
  if (response.destroyed) return;
  // After a refused body the connection may still carry the rest of it.
  if (statusCode === 413) response.shouldKeepAlive = false;
  response.writeHead(statusCode, {
    ...(contentType === undefined ? {} : { "Content-Type": contentType }),
    "Cache-Control": "no-store",
    ...headers,
  });
  response.end(body);
}
