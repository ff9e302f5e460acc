// The connections of a port that speak HTTP/2: sessions within limits, each of whose streams is an exchange.

import { constants, createServer } from "node:http2";
import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

import type { Clock } from "#runtime/clock.ts";

import { type Caller, isNearlyExpired, UNIDENTIFIED } from "../../policy/identity/caller.ts";
import type { AnswerableReason } from "../../policy/reasons.ts";
import { HEAD_BYTES_MAX } from "../../policy/http1/request-head.ts";
import type { ClientOptions } from "../http1/client-options.ts";
import { Http2Exchange } from "./http2-exchange.ts";
import type { Http2ExchangeOptions } from "./http2-exchange.ts";

export interface Http2PortOptions {
  readonly client: Http2ExchangeOptions["client"] & Pick<ClientOptions, "listener">;
  readonly route: Http2ExchangeOptions["route"];
  /** Why that caller's requests are refused; undefined if they are not. */
  readonly refusalOf: (caller: Caller, address: string) => AnswerableReason | undefined;
  readonly clock: Clock;
}

/** Of one connection; the concurrency bounds the instance's. */
const STREAMS_MAX = 256;
const HEADERS_MAX = 100;
/** What one stream may send before it is passed on. */
const WINDOW_BYTES = 256 * 1024;
/** Memory of one session in megabytes, for frames that wait; Node's default. */
const SESSION_MEMORY_MB = 10;
/**
 * Streams under way to a connection that is ending may arrive for so long: many round trips, for a busy client's sake. An
 * answer to a PING would tell it exactly, but clients built on nghttp2 read none once they were told and are idle.
 */
const GOAWAY_MS = 500;
const LAST_STREAM_MAX = 2 ** 31 - 1;

export class Http2Port {
  readonly #options: Http2PortOptions;
  readonly #server: Http2Server;
  readonly #sessions = new Map<ServerHttp2Session, { streams: number }>();
  /** They have been told. */
  readonly #ending = new WeakSet<ServerHttp2Session>();
  /** Streams in progress, in the order of their coming. */
  readonly #exchanges = new Set<Http2Exchange>();
  #waits: readonly Wait[] = [];
  #arriving: Caller = UNIDENTIFIED;

  constructor(options: Http2PortOptions) {
    this.#options = options;
    this.#server = createServer({
      maxSessionMemory: SESSION_MEMORY_MB,
      maxHeaderListPairs: HEADERS_MAX,
      maxSendHeaderBlockLength: HEAD_BYTES_MAX,
      settings: {
        maxConcurrentStreams: STREAMS_MAX,
        maxHeaderListSize: HEAD_BYTES_MAX,
        initialWindowSize: WINDOW_BYTES,
      },
    });
    this.#server.on("session", (session) => this.#opened(session));
    this.#server.on("sessionError", () => undefined);
  }

  /** @param bytes the first ones of the connection, which have been read already. */
  take(socket: Socket, bytes: Buffer, caller: Caller): void {
    socket.pause();
    // For HTTP/2 a client that sends no more has gone.
    socket.allowHalfOpen = false;
    socket.unshift(bytes);
    // The session is opened within the event.
    this.#arriving = caller;
    this.#server.emit("connection", socket);
  }

  /** Ends every session once its streams are over. @returns when those in progress are that would not last for ever. */
  async retire(): Promise<void> {
    for (const session of this.#sessions.keys()) this.#endSoon(session);
    const { promise, resolve } = Promise.withResolvers<void>();
    // What comes later, on new connections, is not waited for.
    this.#waits = [...this.#waits, { exchanges: [...this.#exchanges], settled: resolve }];
    this.look();
    await promise;
  }

  /** To be called at a steady pace while somebody waits: what goes on for long lasts. */
  look(): void {
    const { clock } = this.#options;
    const isAwaited = (one: Http2Exchange): boolean =>
      this.#exchanges.has(one) && !one.isLasting(clock.nowMs());
    for (const { settled } of this.#waits.filter(({ exchanges }) => !exchanges.some(isAwaited))) settled();
    this.#waits = this.#waits.filter(({ exchanges }) => exchanges.some(isAwaited));
  }

  get exchanges(): ReadonlySet<Http2Exchange> {
    return this.#exchanges;
  }

  #opened(session: ServerHttp2Session): void {
    const { client, clock, refusalOf } = this.#options;
    const caller = this.#arriving;
    const route = () => refusalOf(caller, clientAddress) ?? this.#options.route();
    const clientAddress = session.socket.remoteAddress ?? "unknown";
    const record = { streams: 0 };
    this.#sessions.set(session, record);
    session.on("close", () => this.#sessions.delete(session));
    session.on("error", () => session.destroy());
    session.setTimeout(client.times.clientIdleMs, () => {
      if (record.streams === 0) session.close();
    });
    session.on("stream", (stream, headers) => {
      const exchange = new Http2Exchange(stream, headers, {
        client,
        route,
        clientAddress,
        beganMs: clock.nowMs(),
      });
      record.streams += 1;
      this.#exchanges.add(exchange);
      stream.on("close", () => {
        record.streams -= 1;
        this.#exchanges.delete(exchange);
        if (this.#waits.length > 0) this.look();
      });
      // A session may go on for days, and its caller be refused once what it was opened with has expired.
      if (client.listener.isRetiring || isNearlyExpired(caller, clock.nowMs())) this.#endSoon(session);
      exchange.begin();
    });
  }

  /** Says so first, since what the client has sent meanwhile is to be answered, too (RFC 9113 §6.8). */
  #endSoon(session: ServerHttp2Session): void {
    if (session.closed || session.destroyed || this.#ending.has(session)) return;
    this.#ending.add(session);
    session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM_MAX);
    this.#options.clock.after(GOAWAY_MS, () => {
      if (!session.destroyed) session.close();
    });
  }
}

interface Wait {
  readonly exchanges: readonly Http2Exchange[];
  readonly settled: () => void;
}
