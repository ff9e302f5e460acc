// One request over HTTP/2, gRPC's calls among them, and its answer, from stream to stream with backpressure.

import { constants } from "node:http2";
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  ServerHttp2Stream,
} from "node:http2";

import { REASON_HEADER, REASONS } from "../../policy/reasons.ts";
import type { AnswerableReason } from "../../policy/reasons.ts";
import type { TraceContext } from "../../policy/trace-context.ts";
import type { DescribedRequest, LoggedRequest } from "../access-log.ts";
import type { Entrant } from "../admission.ts";
import type { PassedTrace } from "../trace-starter.ts";
import { ExchangeAccount } from "../http1/exchange-account.ts";
import type { Lease } from "../http1/exchange-account.ts";
import type { ClientOptions } from "../http1/client-options.ts";
import { forwardedRequestHeaders, forwardedResponseHeaders } from "./http2-headers.ts";

export interface Http2Target {
  readonly session: ClientHttp2Session;
  /** For people. */
  readonly name: string;
  readonly lease: Lease;
}

export interface Http2ExchangeOptions {
  readonly client: Pick<
    ClientOptions,
    "admission" | "counters" | "direction" | "times" | "accessLog" | "traces"
  >;
  /** @returns where requests go now, or why nowhere. */
  readonly route: () => Http2Target | AnswerableReason;
  readonly clientAddress: string;
  readonly beganMs: number;
}

const {
  HTTP2_HEADER_STATUS,
  HTTP2_HEADER_METHOD,
  HTTP2_HEADER_PATH,
  HTTP2_HEADER_CONTENT_TYPE,
  NGHTTP2_CANCEL,
  NGHTTP2_FLAG_END_STREAM,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_NO_ERROR,
} = constants;

/** What has answered for so long and goes on is not waited for: it may never end. */
const LASTING_MS = 5_000;
/** gRPC's status 14, after which a call may be made again elsewhere. */
const UNAVAILABLE = { "grpc-status": "14", "grpc-message": "the proxy of the node goes away" };

export class Http2Exchange implements Entrant, LoggedRequest {
  readonly #options: Http2ExchangeOptions;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #account: ExchangeAccount;
  #upstream: ClientHttp2Stream | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #statusCode = 0;
  readonly #trace: PassedTrace | undefined;
  #upstreamName: string | undefined;
  #receivedBytes = 0;
  #sentBytes = 0;
  #isOver = false;
  #isFarewellSaid = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: Http2ExchangeOptions) {
    this.#stream = stream;
    this.#headers = headers;
    this.#options = options;
    this.#account = new ExchangeAccount(options.client, this);
    const { traceparent } = headers;
    this.#trace = options.client.traces.pass(typeof traceparent === "string" ? traceparent : undefined);
  }

  get trace(): TraceContext | undefined {
    return this.#trace?.context;
  }

  /** Bytes of bodies: heads are compressed by the connection, not the request. */
  describe(): DescribedRequest {
    return {
      method: String(this.#headers[HTTP2_HEADER_METHOD] ?? ""),
      target: String(this.#headers[HTTP2_HEADER_PATH] ?? ""),
      upstream: this.#upstreamName,
      receivedBytes: this.#receivedBytes,
      sentBytes: this.#sentBytes,
    };
  }

  /** A call of gRPC that goes on answering may do so for as long as both sides like. */
  isLasting(nowMs: number): boolean {
    return this.#isGrpc && this.#stream.headersSent && nowMs - this.#options.beganMs >= LASTING_MS;
  }

  /** The port is about to go. */
  farewell(): void {
    if (this.#isOver || this.#isFarewellSaid || this.#stream.destroyed) return;
    if (this.#isGrpc) this.#endCall();
    else if (this.#stream.headersSent) this.#breakOff("proxyEnding");
    else this.#refuse("proxyEnding");
  }

  begin(): void {
    this.#account.open();
    this.#stream.on("close", () => this.#closed());
    // Its close event tells the same and comes in every case.
    this.#stream.on("error", () => undefined);
    const leave = this.#options.client.admission.enter(this);
    if (this.#isOver) leave();
    else this.#account.holdPlace(leave);
  }

  admitted(queuedMs: number): void {
    this.#account.queued(queuedMs);
    if (this.#headers[HTTP2_HEADER_METHOD] === "CONNECT") {
      this.#refuse("connectUnsupported");
      return;
    }
    const target = this.#options.route();
    if (typeof target === "string") this.#refuse(target);
    else this.#forward(target);
  }

  refused(reason: AnswerableReason, retryAfterSeconds: number, queuedMs: number): void {
    this.#account.queued(queuedMs);
    this.#refuse(reason, { "retry-after": String(retryAfterSeconds) });
  }

  #forward({ session, lease, name }: Http2Target): void {
    this.#upstreamName = name;
    this.#account.holdPod(lease);
    const stream = this.#stream;
    const headers = forwardedRequestHeaders(this.#headers, this.#options.clientAddress);
    const fresh = this.#trace?.fresh;
    if (fresh !== undefined) {
      headers["traceparent"] = fresh;
      delete headers["tracestate"];
    }
    if (this.#options.client.accessLog.isOn) {
      stream.on("data", (chunk: Buffer) => {
        this.#receivedBytes += chunk.length;
      });
    }
    const upstream = session.request(headers, { endStream: stream.endAfterHeaders });
    this.#upstream = upstream;
    this.#boundSilence(upstream);
    upstream.on("response", (answer, flags) => {
      if (stream.destroyed || stream.headersSent) return;
      this.#statusCode = Number(answer[HTTP2_HEADER_STATUS]);
      const headers = forwardedResponseHeaders(answer);
      // Without a body, as gRPC reports errors.
      if ((flags & NGHTTP2_FLAG_END_STREAM) !== 0) {
        stream.respond(headers, { endStream: true });
        return;
      }
      stream.respond(headers, { waitForTrailers: true });
      stream.on("wantTrailers", () => this.#sendTrailers());
      if (this.#options.client.accessLog.isOn) {
        upstream.on("data", (chunk: Buffer) => {
          this.#sentBytes += chunk.length;
        });
      }
      upstream.pipe(stream);
    });
    upstream.on("trailers", (trailers) => {
      this.#trailers = trailers;
    });
    upstream.on("error", () => {
      if (upstream === this.#upstream) this.#failed(upstream);
    });
    upstream.on("close", () => {
      if (upstream !== this.#upstream) return;
      if (upstream.rstCode !== 0 || !stream.headersSent) this.#failed(upstream);
    });
    if (!stream.endAfterHeaders) stream.pipe(upstream);
  }

  #sendTrailers(): void {
    this.#stream.sendTrailers(forwardedResponseHeaders(this.#trailers ?? {}));
    if (this.#isFarewellSaid) this.#hearNoMore();
  }

  /** The client may have more to say in a call that is over. */
  #hearNoMore(): void {
    const stream = this.#stream;
    setImmediate(() => {
      if (!stream.destroyed) stream.close(NGHTTP2_NO_ERROR);
    });
  }

  /** Calls of gRPC may be silent for as long as they like: they have deadlines of their own. */
  #boundSilence(upstream: ClientHttp2Stream): void {
    if (this.#isGrpc) return;
    upstream.setTimeout(this.#options.client.times.silenceMs, () => {
      if (this.#stream.headersSent) this.#breakOff();
      else this.#refuse("upstreamDeadline");
    });
  }

  #failed(upstream: ClientHttp2Stream): void {
    if (this.#isOver || this.#stream.destroyed) return;
    if (this.#stream.headersSent) this.#breakOff();
    // A stream has no number as long as there is no connection.
    else this.#refuse(upstream.id === undefined ? "connectFailed" : "upstreamClosed");
  }

  get #isGrpc(): boolean {
    return String(this.#headers[HTTP2_HEADER_CONTENT_TYPE]).startsWith("application/grpc");
  }

  /** With a status that clients of gRPC know as a server that goes away, whatever has come of the answer. */
  #endCall(): void {
    this.#isFarewellSaid = true;
    this.#account.givenUp("proxyEnding");
    const stream = this.#stream;
    this.#upstream?.unpipe(stream);
    this.#dropUpstream();
    if (stream.headersSent) {
      this.#trailers = UNAVAILABLE;
      stream.end();
      return;
    }
    const headers = { [HTTP2_HEADER_STATUS]: 200, [HTTP2_HEADER_CONTENT_TYPE]: "application/grpc" };
    stream.respond({ ...headers, ...UNAVAILABLE }, { endStream: true });
    this.#hearNoMore();
  }

  #breakOff(reason: "upstreamBroken" | "proxyEnding" = "upstreamBroken"): void {
    if (this.#stream.writableFinished) return;
    this.#account.givenUp(reason);
    this.#stream.close(NGHTTP2_INTERNAL_ERROR);
  }

  #refuse(reason: AnswerableReason, headers: Readonly<Record<string, string>> = {}): void {
    if (this.#stream.destroyed || this.#stream.headersSent) return;
    const { code, statusCode, summary } = REASONS[reason];
    this.#account.refused(reason);
    this.#statusCode = statusCode;
    this.#dropUpstream();
    this.#stream.respond({
      [HTTP2_HEADER_STATUS]: statusCode,
      [HTTP2_HEADER_CONTENT_TYPE]: "text/plain; charset=utf-8",
      [REASON_HEADER]: code,
      ...headers,
    });
    this.#stream.end(`${summary}\n`);
    // What the client still sends of the request is not read.
    this.#stream.resume();
  }

  #dropUpstream(): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (upstream !== undefined && !upstream.destroyed) upstream.close(NGHTTP2_CANCEL);
  }

  #closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const isAnswered = this.#stream.writableFinished && this.#stream.rstCode === 0;
    if (isAnswered && !this.#isFarewellSaid) this.#account.answered(this.#statusCode);
    else this.#account.givenUp("clientAborted");
    this.#dropUpstream();
    this.#account.close();
  }
}
