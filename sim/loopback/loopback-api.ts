// A Kubernetes API server in memory, over real HTTP on the loopback interface: what `npm start` and the tests attach to
// in a cluster's place. It serves the kinds Berth uses, has no authentication and runs no controllers; the simulated
// kubelet beside it and a scheduler driver make pods live. test/contract holds it to what kube-apiserver does.

import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import type { Logger } from "#runtime/logger.ts";
import { UsageError } from "#runtime/usage-error.ts";
import {
  ApiError,
  RETRY_AFTER_SECONDS,
  internalError,
  methodNotAllowed,
  notFound,
  statusBody,
} from "./api-error.ts";
import { bodyObject, readApiRequest } from "./api-request.ts";
import type { ApiAnswer, ApiRequest } from "./api-request.ts";
import { ContinueTokens } from "./continue-tokens.ts";
import { createObject } from "./create-verb.ts";
import { deleteObject } from "./delete-verb.ts";
import { discoveryDocument, KUBERNETES_MINOR } from "./discovery.ts";
import { MutatingWebhooks } from "./mutating-webhooks.ts";
import { ObjectStore } from "./object-store.ts";
import { boundPod } from "./pod-binding.ts";
import { podMetrics } from "./pod-metrics.ts";
import type { PodUsage } from "./pod-metrics.ts";
import { proxiedToPod } from "./pod-proxy.ts";
import type { PodReach, ProxiedAnswer } from "./pod-proxy.ts";
import { getObject, listObjects } from "./read-verbs.ts";
import { parseResourceRoute } from "./route.ts";
import type { ResourceRoute } from "./route.ts";
import { patchObject, replaceObject } from "./update-verbs.ts";
import { WatchHub } from "./watch-hub.ts";
import type { WriteContext } from "./write-context.ts";

export interface LoopbackOptions {
  /** The simulated world's time: what objects are stamped with. */
  readonly clock: Clock;
  /** What the server's own timeouts run on (watches, webhooks, list snapshots), where the world's time runs faster. */
  readonly serverClock?: Clock;
  readonly logger?: Logger;
  /** In [0, 1); seeds uids, generated names and watch timeouts. */
  readonly random?: () => number;
  /** Changes per resource that a watch can resume from; 10,000 if absent. */
  readonly watchHistoryLength?: number;
  /** What `/version` says; the one that is imitated if absent. It serves the same either way. */
  readonly kubernetesMinor?: number;
}

export class LoopbackApi {
  /** In-process access, past validation, admission and managed fields. */
  readonly store: ObjectStore;
  readonly #context: WriteContext;
  readonly #logger: Logger;
  readonly #tokens: ContinueTokens;
  readonly #watches: WatchHub;
  readonly #server: Server;
  readonly #kubernetesMinor: number;
  #metricsSource: () => readonly PodUsage[] = () => [];
  #podReach: PodReach = () => undefined;

  constructor(options: LoopbackOptions) {
    const { clock, serverClock = clock, logger = silentLogger, random = Math.random } = options;
    const { watchHistoryLength, kubernetesMinor = KUBERNETES_MINOR } = options;
    this.#kubernetesMinor = kubernetesMinor;
    this.store = new ObjectStore({ clock, random });
    const { store } = this;
    for (const name of FIRST_NAMESPACES) store.create("namespaces", firstNamespace(name));
    const webhooks = new MutatingWebhooks({ store, clock: serverClock, random, logger });
    this.#context = { store, clock, random, webhooks };
    this.#logger = logger;
    this.#tokens = new ContinueTokens(serverClock);
    const historyLength = watchHistoryLength ?? WATCH_HISTORY_LENGTH;
    this.#watches = new WatchHub({ store, clock: serverClock, random, logger, historyLength });
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, response) => {
      void this.#answer(incoming, response);
    });
  }

  /**
   * Starts to serve; port 0 takes any free one.
   *
   * @throws UsageError if the port is taken or the address is not this machine's.
   */
  async listen({ host, port }: { host: string; port: number }): Promise<{ url: string }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => reject(asUsageError(error, host, port)));
      this.#server.listen({ host, port }, resolve);
    });
    const { address, family, port: bound } = this.#server.address() as AddressInfo;
    return { url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}` };
  }

  /** Ends every watch and connection. */
  async close(): Promise<void> {
    this.#watches.close();
    await this.#context.webhooks.close();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Sends every watch that allows bookmarks one with the current resourceVersion. */
  bookmarkWatchers(): void {
    this.#watches.bookmarkWatchers();
  }

  /** Ends every open watch cleanly, as a server does now and then; clients resume. */
  endWatches(): void {
    this.#watches.endAll();
  }

  /** What `metrics.k8s.io/v1beta1` answers for pods, asked anew at each request. */
  setMetricsSource(source: () => readonly PodUsage[]): void {
    this.#metricsSource = source;
  }

  /** Who answers what is asked of pods through the API server; nobody if it was not set. */
  setPodReach(reach: PodReach): void {
    this.#podReach = reach;
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { pathname, search, searchParams } = new URL(incoming.url ?? "/", "http://loopback");
      const document = discoveryDocument(pathname, this.#kubernetesMinor);
      if (document !== undefined) return sendDocument(response, document);
      const context = {
        store: this.store,
        usages: this.#metricsSource,
        nowMs: this.#context.clock.nowMs(),
      };
      const metrics = podMetrics(context, pathname, searchParams);
      if (metrics !== undefined) return sendAnswer(response, metrics);
      const isForPod = incoming.method === "GET" && pathname.includes("/proxy/");
      const proxied = isForPod ? await proxiedToPod(pathname, search, this.#podReach) : undefined;
      if (proxied !== undefined) return sendProxied(response, proxied);
      const route = parseResourceRoute(pathname);
      if (route === undefined) return sendUnknownPath(response);
      if (incoming.method === "GET" && isWatch(route, searchParams)) {
        return this.#watches.open({ route, query: searchParams }, response);
      }
      const request = await readApiRequest(incoming, route, searchParams);
      sendAnswer(response, await this.#perform(incoming.method ?? "GET", request));
    } catch (error) {
      this.#sendError(response, error);
    }
  }

  async #perform(method: string, request: ApiRequest): Promise<ApiAnswer> {
    const { route, query } = request;
    if (route.subresource === "binding") return this.#bind(method, request);
    const isCollection = route.name === undefined;
    if (method === "GET") {
      return isCollection
        ? listObjects(this.store, this.#tokens, { route, query })
        : getObject(this.store, route);
    }
    const isPlaced = !route.type.isNamespaced || route.namespace !== undefined;
    if (method === "POST" && isCollection && isPlaced) return createObject(this.#context, request);
    if (isCollection) throw methodNotAllowed();
    if (method === "PUT") return replaceObject(this.#context, request);
    if (method === "PATCH") return patchObject(this.#context, request);
    if (method === "DELETE" && route.subresource === "") return deleteObject(this.#context, request);
    throw methodNotAllowed();
  }

  #bind(method: string, request: ApiRequest): ApiAnswer {
    if (method !== "POST") throw methodNotAllowed();
    const { type, namespace, name = "" } = request.route;
    const binding = bodyObject(request);
    const pod = this.store.get("pods", { namespace, name });
    if (pod === undefined) throw notFound(type, name);
    const bound = boundPod(pod, binding, this.#context.clock.nowMs());
    if (!request.isDryRun) this.store.update("pods", bound, { generation: "kept" });
    return { code: 201, text: JSON.stringify(statusBody({ status: "Success", code: 201 })) };
  }

  #sendError(response: ServerResponse, error: unknown): void {
    const isRefusal = error instanceof ApiError;
    if (!isRefusal) this.#logger.error({ err: error }, "a request failed");
    const refusal = isRefusal ? error : internalError((error as Error).message);
    // Headers are out when a watch fails on the way, or the client is gone: nobody is left to be told.
    if (response.headersSent || response.destroyed) return void response.destroy();
    const mustRetry = refusal.code === 429 || refusal.code === 504;
    if (mustRetry) response.setHeader("retry-after", String(RETRY_AFTER_SECONDS));
    // The rest of a body that is too large is not read.
    if (refusal.code === 413) response.setHeader("connection", "close");
    sendAnswer(response, { code: refusal.code, text: JSON.stringify(refusal.body) });
  }
}

// Go's clients keep idle connections for 90 s; a server that closes first resets their next request.
const KEEP_ALIVE_MS = 100_000;
// Five seconds at 2,000 writes a second, and about 40 MB of pods at most.
const WATCH_HISTORY_LENGTH = 10_000;
const FIRST_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

function firstNamespace(name: string): {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly status: { readonly phase: string };
} {
  return { metadata: { name, labels: { "kubernetes.io/metadata.name": name } }, status: { phase: "Active" } };
}

function isWatch({ name }: ResourceRoute, query: URLSearchParams): boolean {
  const watch = query.get("watch");
  return name === undefined && (watch === "true" || watch === "1");
}

function sendAnswer(response: ServerResponse, { code, text, warnings = [] }: ApiAnswer): void {
  for (const warning of warnings) response.appendHeader("warning", `299 - ${JSON.stringify(warning)}`);
  const body = Buffer.from(text);
  response.writeHead(code, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}

function sendProxied(response: ServerResponse, { code, contentType, text }: ProxiedAnswer): void {
  response.writeHead(code, { "content-type": contentType });
  response.end(text);
}

function sendDocument(response: ServerResponse, document: unknown): void {
  const isText = typeof document === "string";
  response.writeHead(200, { "content-type": isText ? "text/plain; charset=utf-8" : "application/json" });
  response.end(isText ? document : JSON.stringify(document));
}

function sendUnknownPath(response: ServerResponse): void {
  response.writeHead(404, { "content-type": "text/plain; charset=utf-8" });
  response.end("404 page not found\n");
}

function asUsageError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === "EADDRINUSE") {
    return new UsageError(
      `port ${port} on ${host} is in use: stop what listens there, or choose another one`,
    );
  }
  if (error.code === "EACCES" || error.code === "EADDRNOTAVAIL") {
    return new UsageError(`cannot listen on ${host}:${port}: ${error.message}`);
  }
  return error;
}
