// One of an app's two ports: accepts connections, refuses what is not plain HTTP/1.1 or beyond the quota, counts, and
// hands the rest to a route. Draining stops accepting, lets requests in progress finish and closes what is idle.

import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

import type { Clock } from "#runtime/clock.ts";

import { REASON_HEADER, REASONS } from "../policy/reasons.ts";
import type { AnswerableReason, ReasonName } from "../policy/reasons.ts";
import { checkHead, HEADER_BYTES_MAX, HEADERS_MAX } from "../policy/request-strictness.ts";
import type { BodyFraming } from "../policy/request-strictness.ts";
import type { Admission } from "./admission.ts";
import { ClientBytes } from "./client-bytes.ts";
import type { Exchange } from "./exchange.ts";
import type { Direction, InstanceCounters } from "./instance-counters.ts";
import { closeQuietly } from "./quiet-close.ts";
import type { ReadThrottle } from "./read-throttle.ts";
import { isReusePortSupported } from "./reuse-port.ts";

export interface AppListenerOptions {
  readonly direction: Direction;
  readonly route: (exchange: Exchange) => void;
  readonly admission: Admission;
  readonly counters: InstanceCounters;
  readonly throttle: ReadThrottle;
  readonly clock: Clock;
  readonly headersMs: number;
  /** How long a draining port leaves a connection without a request for one more. */
  readonly drainIdleMs: number;
}

/** Go's clients keep idle connections for 90 s; closing earlier would race with their next request. */
const CLIENT_IDLE_MS = 95_000;
/** How often connections are checked for headers that take too long. */
const HEADER_CHECK_MS = 1_000;
/** How long the rest of a body is read and dropped after it was refused, so that the client gets to see the answer. */
const DISCARD_MS = 5_000;
/** How often a draining port closes what has become idle. */
const DRAIN_TURN_MS = 100;
/** Connections the kernel may hold before they are accepted; Node's default. */
const BACKLOG = 511;

export class AppListener {
  readonly #options: AppListenerOptions;
  readonly #server: Server;
  readonly #bytes: ClientBytes;
  /** Each with the time from which it has had no request. */
  readonly #sockets = new Map<Socket, number>();
  readonly #active = new Set<ServerResponse>();
  readonly #givenUp = new WeakSet<ServerResponse>();
  #isRetiring = false;

  constructor(options: AppListenerOptions) {
    this.#options = options;
    this.#bytes = new ClientBytes(options.counters, options.direction);
    this.#server = createServer({
      insecureHTTPParser: false,
      // Checked with the rest of the head, so that the refusal has a reason and is counted.
      requireHostHeader: false,
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: options.headersMs,
      // Uploads may take as long as they progress; silence is bounded by the forwarder.
      requestTimeout: 0,
      keepAliveTimeout: CLIENT_IDLE_MS,
      connectionsCheckingInterval: Math.min(HEADER_CHECK_MS, options.headersMs),
    });
    // node:http drops the headers above this count in silence, so one more than allowed has to get through to be seen.
    this.#server.maxHeadersCount = HEADERS_MAX + 1;
    this.#server.on("connection", (socket: Socket) => this.#accept(socket));
    this.#server.on("request", (request, response) => this.#serve(request, response, "immediate"));
    this.#server.on("checkContinue", (request, response) => this.#serve(request, response, "continue"));
    this.#server.on("connect", (_request, socket) => {
      // node:http has let go of this socket, its errors included.
      socket.on("error", () => socket.destroy());
      this.#refuseRaw(socket as Socket, "connectUnsupported");
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) =>
      this.#refuseUnparsed(error, socket as Socket),
    );
  }

  /** @returns the port; rejects with the system's error if it cannot be had. */
  async listen(host: string, port: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    const listening = { host, port, backlog: BACKLOG, reusePort: isReusePortSupported };
    this.#server.listen(listening, resolve);
    await promise;
    this.#server.off("error", reject);
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  /**
   * From now on every connection is closed after its next answer. New ones are still accepted.
   *
   * @returns when what is in progress now has ended.
   */
  async retire(): Promise<void> {
    this.#isRetiring = true;
    const ended = [...this.#active].map((response) => {
      response.shouldKeepAlive = false;
      const { promise, resolve } = Promise.withResolvers<void>();
      response.once("close", resolve);
      return promise;
    });
    await Promise.all(ended);
  }

  /** Resolves once the last connection has closed. The caller bounds the wait. */
  async drain(): Promise<void> {
    void this.retire();
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    closeQuietly(this.#server, { closed: resolve });
    const closeIdle = (): void => {
      this.#closeIdle(clock.nowMs());
      cancel = clock.after(DRAIN_TURN_MS, closeIdle);
    };
    let cancel = clock.after(DRAIN_TURN_MS, closeIdle);
    await promise;
    cancel();
  }

  /**
   * http.Server's own measure of idle leaves out connections that never sent a request. A connection that was just
   * accepted, or just answered, is the one most likely to bring a request at the very moment at which it is closed.
   */
  #closeIdle(nowMs: number): void {
    const busy = new Set([...this.#active].map((response) => response.socket));
    for (const [socket, idleFromMs] of this.#sockets) {
      if (!busy.has(socket) && nowMs - idleFromMs >= this.#options.drainIdleMs) socket.destroy();
    }
  }

  #accept(socket: Socket): void {
    const { counters, direction, admission, clock, throttle } = this.#options;
    const verdict = admission.connect();
    if (verdict !== "admitted") {
      counters.addReason(direction, verdict);
      socket.destroy();
      return;
    }
    counters.add(direction, "connections", 1);
    counters.add(direction, "connectionsOpened", 1);
    this.#sockets.set(socket, clock.nowMs());
    throttle.add(socket, "client");
    socket.once("close", () => {
      this.#sockets.delete(socket);
      counters.add(direction, "connections", -1);
      this.#bytes.count(socket);
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse, body: "immediate" | "continue"): void {
    const { counters, direction, admission } = this.#options;
    this.#track(request, response);
    if (this.#isRetiring) response.shouldKeepAlive = false;

    const head = checkHead({ httpVersion: request.httpVersion, headers: request.rawHeaders });
    if (head.kind === "refused") {
      // Where two readings are possible, nothing after this request can be trusted.
      response.shouldKeepAlive = false;
      this.#refuse(request, response, head.reason);
      return;
    }
    const exchange = this.#exchange(request, response, { framing: head.framing, body });
    const leave = admission.enter({
      admitted: (queuedMs) => {
        counters.addQueued(direction, queuedMs);
        this.#options.route(exchange);
      },
      refused: (reason, retryAfterSeconds, queuedMs) => {
        counters.addQueued(direction, queuedMs);
        this.#refuse(request, response, reason, { "Retry-After": String(retryAfterSeconds) });
      },
    });
    response.once("close", leave);
  }

  #exchange(
    request: IncomingMessage,
    response: ServerResponse,
    { framing, body }: { readonly framing: BodyFraming; readonly body: "immediate" | "continue" },
  ): Exchange {
    const { counters, direction } = this.#options;
    return {
      request,
      response,
      framing,
      isContinueExpected: body === "continue",
      refuse: (reason, headers) => this.#refuse(request, response, reason, headers),
      breakOff: (reason) => {
        this.#giveUp(response, reason);
        response.destroy();
      },
      retried: () => counters.add(direction, "retries", 1),
    };
  }

  #track(request: IncomingMessage, response: ServerResponse): void {
    const { counters, direction, clock } = this.#options;
    const { socket } = request;
    counters.add(direction, "requests", 1);
    counters.add(direction, "inFlight", 1);
    this.#active.add(response);
    response.once("finish", () => {
      counters.addResponse(direction, response.statusCode);
      if (request.complete) return;
      request.unpipe();
      request.resume();
      const cancel = clock.after(DISCARD_MS, () => socket.destroy());
      request.once("close", cancel);
    });
    response.once("close", () => {
      counters.add(direction, "inFlight", -1);
      this.#active.delete(response);
      if (this.#sockets.has(socket)) this.#sockets.set(socket, clock.nowMs());
      this.#bytes.count(socket);
      if (!response.writableFinished) this.#giveUp(response, "clientAborted");
    });
  }

  /** Counts why an answer did not reach its end; the first reason is the right one. */
  #giveUp(response: ServerResponse, reason: ReasonName): void {
    if (this.#givenUp.has(response)) return;
    this.#givenUp.add(response);
    this.#options.counters.addReason(this.#options.direction, reason);
  }

  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    name: AnswerableReason,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    if (response.destroyed) return;
    const { code, statusCode, summary } = REASONS[name];
    this.#options.counters.addReason(this.#options.direction, name);
    const text = `${summary}\n`;
    response.writeHead(statusCode, {
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Length": Buffer.byteLength(text),
      [REASON_HEADER]: code,
      ...headers,
    });
    response.end(request.method === "HEAD" ? undefined : text);
  }

  /** For what node:http could not parse, where there is no response object. */
  #refuseUnparsed(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    this.#refuseRaw(socket, UNPARSED[error.code ?? ""] ?? "malformedRequest");
  }

  #refuseRaw(socket: Socket, name: AnswerableReason): void {
    const { counters, direction } = this.#options;
    const { code, statusCode, summary } = REASONS[name];
    // An answer to an earlier request of this connection may be half written: another must not go into its middle.
    for (const response of this.#active) {
      if (response.socket !== socket) continue;
      socket.destroy();
      return;
    }
    counters.add(direction, "requests", 1);
    counters.addResponse(direction, statusCode);
    counters.addReason(direction, name);
    socket.end(
      `HTTP/1.1 ${statusCode} ${STATUS_TEXT[statusCode] ?? ""}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(summary) + 1}\r\n${REASON_HEADER}: ${code}\r\n\r\n${summary}\n`,
    );
  }
}

const UNPARSED: Readonly<Record<string, AnswerableReason>> = {
  HPE_HEADER_OVERFLOW: "headersTooLarge",
  ERR_HTTP_REQUEST_TIMEOUT: "requestTimeout",
  HPE_UNEXPECTED_CONTENT_LENGTH: "ambiguousRequest",
  HPE_INVALID_CONTENT_LENGTH: "ambiguousRequest",
  HPE_INVALID_TRANSFER_ENCODING: "ambiguousRequest",
};

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
};
