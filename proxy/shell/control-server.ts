// The host's own HTTP interface: pods' hooks, health, what runs here and its metrics. Bodies and connections are bounded;
// it shares the process with every app's traffic, though not a thread.

import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

import type { PodUid } from "#model/brand.ts";
import type { Clock } from "#runtime/clock.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";

import { EXPOSITION_CONTENT_TYPE } from "./exposition.ts";
import type { ProxyHost, Readiness } from "./host.ts";
import { instanceReport } from "./instance-report.ts";
import { type BypassSource, ProxyMetrics } from "./metrics.ts";
import { PeerLink } from "./peer-link.ts";
import { ADDRESS_HEADER, HANDOVER_PATH, HANDOVER_PROTOCOL, NODE_HEADER } from "./peer-messages.ts";
import type { HookEvent } from "./peer-messages.ts";
import { parsePodHook } from "./pod-hook.ts";
import { closeQuietly } from "./quiet-close.ts";
import { releaseReport } from "./release-report.ts";
import { isReusePortSupported } from "./reuse-port.ts";
import type { Siblings } from "./siblings.ts";
import { usageReport } from "./usage-report.ts";

export interface ControlServerOptions {
  readonly host: ProxyHost;
  readonly clock: Clock;
  /** Absent: nobody may take over from this proxy. */
  readonly siblings?: Siblings | undefined;
  readonly bypass?: BypassSource | undefined;
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
    this.#metrics = new ProxyMetrics(options.host, options.siblings, options.bypass);
    this.#server = createServer({ requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX });
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on("request", (request, response) => void this.#serve(request, response));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  get isListening(): boolean {
    return this.#server.listening;
  }

  /**
   * @returns the base URL.
   * @throws OperationError PortInUse or AddressUnavailable.
   */
  async listen(host: string, port: number): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const failed = (error: Error): void => reject(listenError(error, host, port));
    this.#server.once("error", failed);
    this.#server.listen({ port, host, reusePort: isReusePortSupported }, resolve);
    await promise;
    this.#server.off("error", failed);
    const address = this.#server.address();
    const actual = typeof address === "object" && address !== null ? address.port : port;
    return `http://${host.includes(":") ? `[${host}]` : host}:${actual}`;
  }

  /** Leaves the port to another; what is connected stays. It may listen again. */
  async stopListening(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    closeQuietly(this.#server, { stopped: resolve });
    await promise;
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
      case "startupz":
        return this.#startUp();
      case "readyz":
        return health(host.readiness());
      case "handover":
        return {
          ...problem(426, `${path} is for this node's next proxy`),
          headers: { Upgrade: HANDOVER_PROTOCOL },
        };
      case "metrics":
        return { statusCode: 200, contentType: EXPOSITION_CONTENT_TYPE, body: this.#metrics.render() };
      case "instances": {
        const pods = host.pods();
        const instances = host.instances.map((instance) => instanceReport(instance, pods));
        return json(200, { node: host.nodeName, isSynced: host.isSynced, instances });
      }
      case "usage":
        return json(200, usageReport(host));
      case "releases":
        return json(200, releaseReport(host));
      case "pods":
        return this.#register(request);
      case "pod":
        return this.#unregister(path);
    }
  }

  /**
   * Kubelet asks for a start-up only on behalf of a container that has not started: while a successor is starting, the
   * answer is about the successor, whoever gives it. A successor's pod may be there long before its process says so.
   */
  #startUp(): Reply {
    const { host, siblings } = this.#options;
    const isAwaited = host.succession.isStarting && siblings?.hasReadySuccessor !== true;
    if (isAwaited || siblings?.hasStartingSuccessor === true)
      return health({ kind: "not-ready", reason: "successor-starting" });
    return health(host.readiness());
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { host, siblings } = this.#options;
    socket.on("error", () => socket.destroy());
    const { headers, url } = request;
    const isOurs =
      url === HANDOVER_PATH &&
      headers.upgrade === HANDOVER_PROTOCOL &&
      headers[NODE_HEADER] === encodeURIComponent(host.nodeName) &&
      headers[ADDRESS_HEADER] === host.nodeAddress;
    if (!isOurs || siblings === undefined || siblings.isFull) {
      socket.end("HTTP/1.1 409 Conflict\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${HANDOVER_PROTOCOL}\r\n\r\n`,
    );
    const link = new PeerLink(socket, head);
    link.send({ kind: "memory", memory: host.memory });
    siblings.adopt(link, "successor");
  }

  async #register(request: IncomingMessage): Promise<Reply> {
    const { host } = this.#options;
    // A page in a browser can send any body but not this type without being asked first.
    if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) {
      return problem(415, "the body must be application/json");
    }
    const text = await boundedText(request);
    if (text === undefined) return problem(413, `the body is larger than ${BODY_BYTES_MAX} bytes`);
    const pod = parsePodHook(parseJson(text));
    if (!this.#hooked({ kind: "registered", pod, nowMs: this.#options.clock.nowMs() })) {
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
    const uid = decodeUid(path.slice(path.lastIndexOf("/") + 1));
    this.#hooked({ kind: "unregistered", uid, nowMs: this.#options.clock.nowMs() });
    return { statusCode: 204 };
  }

  /** A hook reaches one of the node's proxies and concerns all. */
  #hooked(event: HookEvent): boolean {
    this.#options.siblings?.relay(event);
    return this.#options.host.hooked(event);
  }
}

interface Route {
  readonly name:
    | "livez"
    | "startupz"
    | "readyz"
    | "handover"
    | "metrics"
    | "instances"
    | "usage"
    | "releases"
    | "pods"
    | "pod";
  readonly pattern: RegExp;
  readonly methods: readonly string[];
}

const ROUTES: readonly Route[] = [
  { name: "livez", pattern: /^\/livez$/, methods: ["GET"] },
  { name: "startupz", pattern: /^\/startupz$/, methods: ["GET"] },
  { name: "handover", pattern: /^\/v1\/handover$/, methods: ["GET"] },
  { name: "readyz", pattern: /^\/readyz$/, methods: ["GET"] },
  { name: "metrics", pattern: /^\/metrics$/, methods: ["GET"] },
  { name: "instances", pattern: /^\/v1\/instances$/, methods: ["GET"] },
  { name: "usage", pattern: /^\/v1\/usage$/, methods: ["GET"] },
  { name: "releases", pattern: /^\/v1\/releases$/, methods: ["GET"] },
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

function health(readiness: Readiness | { readonly kind: "not-ready"; readonly reason: string }): Reply {
  return json(readiness.kind === "ready" ? 200 : 503, readiness);
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
