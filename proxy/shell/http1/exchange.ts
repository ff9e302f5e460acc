// One request of a client and its answer: admitted, routed, passed on and answered. Nothing is collected: whoever reads
// too slowly stops the other side. The same object serves all requests of a connection, one after the other.

import { answerConnection } from "../../policy/http1/connection-field.ts";
import { requestHeadText, responseHeadText } from "../../policy/http1/forwarded-head.ts";
import { isRepeatable } from "../../policy/http1/repeatable.ts";
import type { RequestHead } from "../../policy/http1/request-head.ts";
import { REASONS } from "../../policy/reasons.ts";
import type { AnswerableReason, ReasonName } from "../../policy/reasons.ts";
import type { Entrant } from "../admission.ts";
import type { AnswerReceiver } from "./answer-receiver.ts";
import { writePart } from "./body-writer.ts";
import type { ClientSide } from "./client-side.ts";
import { DISCARD_MS, TUNNEL_IDLE_MS } from "./client-options.ts";
import { ExchangeAccount } from "./exchange-account.ts";
import type { ExchangePhase } from "./exchange-phase.ts";
import { Expectation } from "./expectation.ts";
import type { ForwardTarget } from "./forward-target.ts";
import { RequestRecord } from "./request-record.ts";
import { refusalText } from "./refusal-text.ts";
import type { RoutedClient, RoutedExchange } from "./routed-exchange.ts";
import { Tunnel } from "./tunnel.ts";
import { ESTABLISHED } from "./entered-tunnel.ts";
import { NOTHING, Upload } from "./upload.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

export class Exchange implements RoutedExchange, AnswerReceiver, Entrant {
  readonly #client: ClientSide;
  readonly #upload = new Upload();
  readonly #expectation = new Expectation();
  readonly #record: RequestRecord;
  readonly #account: ExchangeAccount;
  #phase: ExchangePhase = "none";
  #turn = 0;
  #target: ForwardTarget | undefined;
  #upstream: UpstreamConnection | undefined;
  #tunnel: Tunnel | undefined;
  #statusCode = 0;
  #isAnswerBegun = false;
  #isAnswerChunked = false;
  #isRepeated = false;
  #mustClose = false;

  constructor(client: ClientSide) {
    this.#client = client;
    this.#record = new RequestRecord(client, () => this.#expired());
    this.#account = new ExchangeAccount(client.options, this.#record);
  }

  get head(): RequestHead {
    return this.#client.head;
  }

  get client(): RoutedClient {
    return this.#client;
  }

  get turn(): number {
    return this.#turn;
  }

  isRouting(turn: number): boolean {
    return this.#turn === turn && this.#phase === "routing";
  }

  /** Once what passes is no HTTP any more. */
  get tunnel(): Tunnel | undefined {
    return this.#tunnel;
  }

  get isHeadMethod(): boolean {
    return this.head.method === "HEAD";
  }

  get isUpgrade(): boolean {
    return this.head.isUpgrade;
  }

  /** A request's head has come. */
  begin(): void {
    this.#reset("queued");
    const { admission } = this.#client.options;
    const { head } = this;
    this.#mustClose = !head.isPersistent;
    this.#upload.start(head);
    this.#record.begin();
    const turn = this.#turn;
    const leave = admission.enter(this);
    if (this.#turn === turn && this.#phase !== "none") this.#account.holdPlace(leave);
    else leave();
  }

  /** What came is no request that could be passed on: answered and closed, since nothing after it can be trusted. */
  beginRefused(reason: AnswerableReason): void {
    this.#reset("routing");
    this.#mustClose = true;
    this.#upload.start({ framing: "none", contentLength: 0 });
    this.refuse(reason);
  }

  admitted(queuedMs: number): void {
    this.#account.queued(queuedMs);
    this.#phase = "routing";
    this.#client.options.route(this);
  }

  refused(reason: AnswerableReason, retryAfterSeconds: number, queuedMs: number): void {
    this.#account.queued(queuedMs);
    this.refuse(reason, { "Retry-After": String(retryAfterSeconds) });
  }

  forward(target: ForwardTarget): void {
    this.#target = target;
    this.#record.target = target;
    this.#account.holdPod(target.lease);
    this.#phase = "forwarding";
    this.#send(target.pool.take(), target);
  }

  openTunnel(target: ForwardTarget): void {
    this.#target = target;
    this.#record.target = target;
    this.#account.holdPod(target.lease);
    this.#phase = "opening";
    this.#upstream = target.pool.open();
    this.#upstream.beginTunnel(this);
  }

  enterTunnel(): void {
    this.#mustClose = false;
    this.#statusCode = 200;
    this.#client.enterTunnel();
    this.#answered();
  }

  /** Only before an answer has begun. */
  refuse(reason: AnswerableReason, headers: Readonly<Record<string, string>> = {}): void {
    this.#dropUpstream();
    if (this.#client.socket.destroyed) return;
    // Whoever speaks no HTTP is given no answer in it.
    const { entered } = this.#client;
    if (entered !== undefined && entered.spoken !== "requests") return this.#breakOff(reason);
    this.#account.refused(reason);
    // A client that waits for a 100 may send the body all the same, or not.
    if (this.#isLast) this.#mustClose = true;
    this.#statusCode = REASONS[reason].statusCode;
    const { isHeadMethod } = this;
    const connection = answerConnection(this.head, this.#mustClose);
    this.#client.writeText(refusalText({ reason, headers, isHeadMethod, connection }));
    this.#answered();
  }

  /** More bytes of the client's have come. */
  dataSeen(bytes: Buffer): void {
    switch (this.#phase) {
      case "tunnel":
        this.#tunnel?.clientSpoke(bytes);
        return;
      case "forwarding":
        if (this.#upload.isDone) this.#client.stash(bytes, 0);
        else this.#relay("", bytes);
        return;
      case "discarding":
        this.#discard(bytes);
        return;
      default:
        this.#client.stash(bytes, 0);
    }
  }

  /** The client has taken all that was written. */
  drained(): void {
    if (this.#phase === "flushing") this.#completed();
    else this.#upstream?.resume();
  }

  /** The client's connection has closed. */
  closed(): void {
    if (this.#phase === "none") return;
    if (this.#phase !== "discarding" && this.#phase !== "tunnel") this.#account.givenUp("clientAborted");
    this.#dropUpstream();
    this.#release();
  }

  /** @param quietMs for how long nothing has happened. */
  sweep(quietMs: number): void {
    const { silenceMs } = this.#client.options.times;
    if (this.#phase === "tunnel") {
      if (quietMs >= TUNNEL_IDLE_MS) this.#client.destroy();
    } else if (this.#phase === "discarding") {
      if (quietMs >= DISCARD_MS) this.#client.destroy();
    } else if (quietMs >= silenceMs && this.#phase !== "queued") this.#silent();
  }

  /** The port is about to go. */
  farewell(how: { readonly isLastCall: boolean }): void {
    if (this.#tunnel !== undefined) this.#tunnel.farewell(how);
    else if (this.#phase === "flushing" || this.#phase === "discarding") return;
    else if (this.#isAnswerBegun) this.#breakOff("proxyEnding");
    else if (this.#phase !== "none") this.refuse("proxyEnding");
  }

  interimSeen(statusCode: number): void {
    this.#client.markActive();
    this.#client.writeText(this.#expectation.interim(this.head, statusCode));
  }

  partSeen(bytes: Buffer, isFirst: boolean, isLast: boolean): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    this.#client.markActive();
    const head = isFirst ? this.#answerHead(upstream) : "";
    const { body } = upstream;
    const part = { head, body, bytes, isChunked: this.#isAnswerChunked, ownership: "copied" } as const;
    const hasRoom = writePart(this.#client.socket, part);
    if (isLast) {
      this.#upstream = undefined;
      this.#answered();
    } else if (!hasRoom) upstream.pause();
  }

  tunnelOpened(): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    const isOurs = this.#phase === "opening";
    this.#tunnel = new Tunnel(this.#client, upstream, isOurs ? "anything" : "WebSocket");
    if (isOurs) this.#statusCode = 200;
    if (isOurs && this.#client.entered === undefined) this.#client.writeText(ESTABLISHED);
    this.#account.answered(this.#statusCode);
    this.#phase = "tunnel";
    this.#mustClose = true;
    this.#client.tunnelOpened();
  }

  hasRoom(): void {
    this.#client.markActive();
    this.#client.resume();
  }

  failed(reason: AnswerableReason): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (this.#phase === "tunnel") this.#client.destroySoon();
    else if (this.#isAnswerBegun) {
      this.#breakOff(this.#client.socket.writableNeedDrain ? "clientAborted" : "upstreamBroken");
    } else if (upstream !== undefined && this.#mayRepeat(upstream, reason)) this.#repeat();
    else if (!this.#goesElsewhere(reason)) this.refuse(reason);
  }

  #reset(phase: ExchangePhase): void {
    this.#account.open();
    this.#turn += 1;
    this.#phase = phase;
    this.#isAnswerBegun = false;
    this.#isAnswerChunked = false;
    this.#expectation.reset();
    this.#isRepeated = false;
  }

  #send(upstream: UpstreamConnection, target: ForwardTarget): void {
    this.#upstream = upstream;
    upstream.begin(this);
    const text = requestHeadText(this.head, target, this.#record.renewed);
    const rest = this.#client.takeRest();
    if (this.#upload.isDone) {
      upstream.requestSent();
      upstream.writeText(text);
      if (rest !== undefined) this.#client.stash(rest, 0);
    } else this.#relay(text, rest ?? NOTHING);
  }

  #relay(head: string, bytes: Buffer): void {
    if (this.#upstream === undefined) return;
    const progress = this.#upload.relay(this.#upstream, head, bytes);
    if (progress === "malformed") {
      this.#mustClose = true;
      if (this.#isAnswerBegun) this.#breakOff("malformedRequest");
      else this.refuse("malformedRequest");
      return;
    }
    if (this.#upload.takeProgress()) this.#client.markActive();
    if (this.#upload.isDone) this.#client.stash(bytes, this.#upload.end);
    else if (progress === "full") this.#client.pause();
  }

  #discard(bytes: Buffer): void {
    if (!this.#upload.discard(bytes)) this.#client.destroy();
    else if (this.#upload.isDone) {
      this.#client.stash(bytes, this.#upload.end);
      this.#release();
      this.#client.exchangeEnded(this.#mustClose);
    }
  }

  #answerHead(upstream: UpstreamConnection): string {
    const { head } = upstream;
    const { isHttp10 } = this.head;
    this.#isAnswerBegun = true;
    this.#statusCode = head.statusCode;
    this.#record.answerBegun();
    this.#account.answerBegun(head.statusCode);
    const isUnframed = head.framing === "chunked" || head.framing === "close";
    this.#isAnswerChunked = isUnframed && !isHttp10;
    if ((isUnframed && isHttp10) || this.#isLast) this.#mustClose = true;
    const connection = head.framing === "tunnel" ? "" : answerConnection(this.head, this.#mustClose);
    return responseHeadText(head, { isChunked: this.#isAnswerChunked, connection });
  }

  /** Nothing can follow on this connection, whatever the client thinks. */
  get #isLast(): boolean {
    return this.#client.options.listener.isRetiring || this.#expectation.isOpen(this.head, this.#upload);
  }

  /** All of the answer has been written. */
  #answered(): void {
    this.#isAnswerBegun = true;
    if (this.#client.socket.writableNeedDrain) {
      this.#phase = "flushing";
      this.#client.markActive();
    } else this.#completed();
  }

  /** And taken by the client's side. */
  #completed(): void {
    this.#account.answered(this.#statusCode);
    if (this.#upload.isDone || this.#mustClose) {
      this.#release();
      this.#client.exchangeEnded(this.#mustClose);
      return;
    }
    this.#phase = "discarding";
    this.#client.markActive();
    this.#client.resume();
    const rest = this.#client.takeRest();
    if (rest !== undefined) this.#discard(rest);
  }

  #expired(): void {
    if (!this.#isAnswerBegun && this.#phase !== "tunnel") this.refuse("requestDeadline");
  }

  #silent(): void {
    const upstream = this.#upstream;
    this.#dropUpstream();
    if (this.#phase === "flushing") this.#breakOff("clientAborted");
    else if (this.#isAnswerBegun) {
      this.#breakOff(this.#client.socket.writableNeedDrain ? "clientAborted" : "upstreamBroken");
    } else {
      const isClientSilent = !this.#upload.isDone && upstream?.isFull === false;
      if (isClientSilent) this.#mustClose = true;
      this.refuse(isClientSilent ? "requestTimeout" : "upstreamDeadline");
    }
  }

  /** Closes the client's connection in the middle of an answer, so that it cannot be taken for a whole one. */
  #breakOff(reason: ReasonName): void {
    this.#account.givenUp(reason);
    // Where nothing but the connection's end frames the answer, a plain end would make it a whole one.
    if (this.head.isHttp10) this.#client.reset();
    else this.#client.destroy();
  }

  /** Once, and only if its connection was an old one that the destination was closing. */
  #mayRepeat({ isOutdated }: UpstreamConnection, reason: AnswerableReason): boolean {
    const isFirst = !this.#isRepeated && this.#phase === "forwarding";
    return isFirst && isOutdated && reason === "upstreamClosed" && isRepeatable(this.head);
  }

  #repeat(): void {
    if (this.#target === undefined) return;
    this.#account.repeated();
    this.#isRepeated = true;
    // A connection of its own: the next one in the pool may be as old.
    this.#send(this.#target.pool.open(), this.#target);
  }

  #goesElsewhere(reason: AnswerableReason): boolean {
    const target = this.#phase === "forwarding" ? this.#target?.instead?.(reason) : undefined;
    if (target === undefined) return false;
    this.#account.repeated();
    this.forward(target);
    return true;
  }

  #dropUpstream(): void {
    this.#upstream?.destroy();
    this.#upstream = undefined;
  }

  /** It is over: others may have its place. */
  #release(): void {
    this.#phase = "none";
    this.#target = undefined;
    this.#tunnel = undefined;
    this.#client.countBytes();
    this.#account.close();
    this.#record.clear();
  }
}
