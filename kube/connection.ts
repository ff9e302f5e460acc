// HTTP to one API server: bounded requests on one pool of sockets, watches on another, so that neither starves.
// Nothing is retried here: only the caller knows whether a write may be repeated.

import { Pool } from "undici";
import type { Dispatcher } from "undici";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { apiErrorFromResponse } from "./api-error.ts";
import { boundedBody } from "./bounded-body.ts";
import { jsonLines } from "./json-lines.ts";
import { queryString } from "./query.ts";
import type { Query } from "./query.ts";

export interface ConnectionOptions {
  /** Base URL; a path in it goes before every request's path. */
  readonly server: string;
  /** Bearer token, or where to get one before each request. */
  readonly token?: string | (() => Promise<string>);
  /** PEM; the system's authorities if absent. */
  readonly ca?: string;
  /** PEM of the client's certificate, and of its key. */
  readonly cert?: string;
  readonly key?: string;
  /** Name to verify the server's certificate against, where it differs from the URL's host. */
  readonly serverName?: string;
  /** False accepts any server certificate, as kubeconfig's insecure-skip-tls-verify does. */
  readonly isServerVerified?: boolean;
  readonly userAgent?: string;
  /** From call to the answer's last byte, waiting for a socket included. Watches: until the answer begins. */
  readonly timeoutMs?: number;
}

export type PatchType = "merge" | "strategic" | "json" | "apply";

export interface RequestOptions {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Query | undefined;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Overrides the connection's for this request. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export class KubeConnection {
  readonly #prefix: string;
  readonly #origin: string;
  readonly #options: ConnectionOptions;
  readonly #timeoutMs: number;
  readonly #requests: Pool;
  readonly #watches: Pool;
  #closed: Promise<unknown> | undefined;
  #requestCount = 0;
  #watchCount = 0;

  /** @throws UsageError if the server is not an http or https URL. */
  constructor(options: ConnectionOptions) {
    const url = serverUrl(options.server);
    this.#origin = url.origin;
    this.#prefix = url.pathname.replace(/\/+$/, "");
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? REQUEST_MS_DEFAULT;
    // HTTP/1.1 throughout: with HTTP/2 every watch and request would share one socket and its flow control.
    const shared = { allowH2: false, pipelining: 1, connect: connectOptions(options), bodyTimeout: 0 };
    this.#requests = new Pool(url.origin, { ...shared, connections: REQUEST_SOCKETS_MAX });
    this.#watches = new Pool(url.origin, { ...shared, connections: WATCHES_MAX });
  }

  get(path: string, query?: Query): Promise<unknown> {
    return this.request({ method: "GET", path, query });
  }

  /** POST of a new object to its collection, or to a subresource such as `binding`. */
  create(path: string, body: unknown, query?: Query): Promise<unknown> {
    return this.request({ method: "POST", path, body, query });
  }

  /** PUT of a whole object; its resourceVersion, where given, must be the present one. */
  replace(path: string, body: unknown, query?: Query): Promise<unknown> {
    return this.request({ method: "PUT", path, body, query });
  }

  patch(
    path: string,
    body: unknown,
    options: { readonly type: PatchType; readonly query?: Query },
  ): Promise<unknown> {
    const contentType = PATCH_CONTENT_TYPES[options.type];
    return this.request({ method: "PATCH", path, body, contentType, query: options.query });
  }

  /** `body` is a DeleteOptions object, for preconditions or a grace period. */
  delete(path: string, body?: unknown, query?: Query): Promise<unknown> {
    return this.request({ method: "DELETE", path, body, query });
  }

  /**
   * One request and its parsed answer; undefined for an empty one.
   *
   * @throws KubeApiError for an answer outside 2xx; OperationError KubeUnreachable (no answer in time, or none),
   *   KubeBodyTooLarge, KubeMalformed (not JSON), KubeCredentials (no token), KubeBusy, KubeAborted.
   */
  async request(options: RequestOptions): Promise<unknown> {
    return this.#answered(options, (text) => (text === "" ? undefined : parseJson(text)));
  }

  /**
   * An answer that is no JSON, such as a pod's metrics through the API server.
   *
   * @throws what `request` throws, but for KubeMalformed.
   */
  async getText(path: string, query?: Query): Promise<string> {
    return this.#answered({ method: "GET", path, query }, (text) => text);
  }

  async #answered<T>(options: RequestOptions, read: (text: string) => T): Promise<T> {
    if (this.#requestCount >= REQUESTS_PENDING_MAX) {
      throw new OperationError("KubeBusy", `more than ${REQUESTS_PENDING_MAX} requests are pending`);
    }
    this.#requestCount += 1;
    try {
      const deadline = AbortSignal.timeout(options.timeoutMs ?? this.#timeoutMs);
      const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
      const response = await this.#send(this.#requests, options, signal);
      const bytesMax = options.method === "GET" ? LIST_BYTES_MAX : OBJECT_BYTES_MAX;
      return read(await boundedBody(response.body, bytesMax));
    } catch (error) {
      if (options.signal?.aborted === true) {
        throw new OperationError("KubeAborted", `${options.method} ${options.path} was aborted`, {
          cause: error,
        });
      }
      throw this.#asOperationError(error, options);
    } finally {
      this.#requestCount -= 1;
    }
  }

  /**
   * The parsed lines of a streaming GET, as they come. Ends when the server ends it, and silently when the signal
   * aborts; leaving the loop closes the socket. Has no time limit of its own once it has begun.
   *
   * @throws what `request` throws, OperationError KubeLineTooLong, and KubeTooManyWatches.
   */
  async *watch(path: string, query: Query, signal: AbortSignal): AsyncGenerator<unknown, void> {
    if (this.#watchCount >= WATCHES_MAX) {
      throw new OperationError("KubeTooManyWatches", `more than ${WATCHES_MAX} watches at once`);
    }
    const request: RequestOptions = { method: "GET", path, query: { watch: true, ...query } };
    this.#watchCount += 1;
    try {
      const response = await this.#send(this.#watches, request, signal);
      for await (const line of jsonLines(response.body, LINE_BYTES_MAX)) yield parseJson(line);
    } catch (error) {
      if (!signal.aborted) throw this.#asOperationError(error, request);
    } finally {
      this.#watchCount -= 1;
    }
  }

  /** Ends the watches at once, lets requests in flight finish, then closes every socket. */
  close(): Promise<void> {
    this.#closed ??= Promise.all([this.#watches.destroy(), this.#requests.close()]);
    return this.#closed.then(() => undefined);
  }

  async #send(pool: Pool, options: RequestOptions, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = {
      accept: "application/json",
      "user-agent": this.#options.userAgent ?? USER_AGENT_DEFAULT,
    };
    const token = await this.#token(signal);
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    if (options.body !== undefined) headers["content-type"] = options.contentType ?? "application/json";
    const response = await pool.request({
      method: options.method,
      path: `${this.#prefix}${options.path}${queryString(options.query ?? {})}`,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      headersTimeout: options.timeoutMs ?? this.#timeoutMs,
      signal,
    });
    if (response.statusCode >= 200 && response.statusCode < 300) return response;
    const text = await boundedBody(response.body, ERROR_BYTES_MAX);
    const retryAfter = response.headers["retry-after"];
    throw apiErrorFromResponse(
      response.statusCode,
      text,
      typeof retryAfter === "string" ? retryAfter : undefined,
    );
  }

  async #token(signal: AbortSignal): Promise<string | undefined> {
    const { token } = this.#options;
    if (typeof token !== "function") return token;
    // Whatever fetches the token may hang, and must not hold the request beyond its deadline.
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    try {
      return await Promise.race([token(), aborted]);
    } catch (cause) {
      throw new OperationError("KubeCredentials", `no token for ${this.#origin}: ${messageOf(cause)}`, {
        cause,
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #asOperationError(error: unknown, request: RequestOptions): unknown {
    // Sockets, timeouts and the HTTP parser name their failures by a code; anything without one is a programmer error.
    if (error instanceof OperationError || !(error instanceof Error && "code" in error)) return error;
    const message = `${request.method} ${this.#origin}${request.path}: ${messageOf(error)}`;
    return new OperationError("KubeUnreachable", message, { cause: error });
  }
}

function serverUrl(server: string): URL {
  const url = URL.parse(server);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new UsageError(`the API server's address is not an http or https URL: ${JSON.stringify(server)}`);
  }
  return url;
}

function connectOptions(options: ConnectionOptions): NonNullable<Pool.Options["connect"]> {
  const { ca, cert, key, serverName } = options;
  return {
    timeout: CONNECT_MS_MAX,
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
    rejectUnauthorized: options.isServerVerified ?? true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const start = text.slice(0, MALFORMED_CHARACTERS_SHOWN);
    throw new OperationError("KubeMalformed", `the answer is not JSON: ${start}`, { cause });
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node joins the failures of several addresses in one error without a message, but with a code.
  if (error.message !== "") return error.message;
  return "code" in error ? String(error.code) : error.name;
}

const PATCH_CONTENT_TYPES: Readonly<Record<PatchType, string>> = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
  // JSON is YAML, and every server version knows this name.
  apply: "application/apply-patch+yaml",
};

const USER_AGENT_DEFAULT = "berth";

// A list page or a slow admission webhook (10 s at most by default, several in a row) fits; a hung server does not.
const REQUEST_MS_DEFAULT = 30_000;
const CONNECT_MS_MAX = 5_000;
// Below the idle limits of common load balancers (60 s), so that a quiet watch is neither cut nor unnoticed when dead.
const KEEP_ALIVE_PROBE_MS = 30_000;
// As many writes at once as one client should ask of the server's priority-and-fairness queues: of the 600 seats that
// there are by default, all service accounts together have 245 (level workload-low).
const REQUEST_SOCKETS_MAX = 64;
// Far above a resize of every node at once on 5,000 nodes in batches; beyond, the caller is not pacing itself.
const REQUESTS_PENDING_MAX = 4_096;
// A component watches fewer than ten collections; the rest is room for the proxy's per-app slices.
const WATCHES_MAX = 32;

// etcd stores at most 1.5 MiB per object as protobuf; JSON may be several times that.
const OBJECT_BYTES_MAX = 16 * 1024 ** 2;
const LINE_BYTES_MAX = 16 * 1024 ** 2;
// A GET may be a whole collection (metrics.k8s.io does not page): 130,000 pods' usage is about 60 MiB.
const LIST_BYTES_MAX = 256 * 1024 ** 2;
const ERROR_BYTES_MAX = 1024 ** 2;
const MALFORMED_CHARACTERS_SHOWN = 120;
