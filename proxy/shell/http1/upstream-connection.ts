// One connection to a destination: sends requests as they are handed to it, one after the other, and reads the answers.
// All connections of the thread read into the same buffer, since nothing in it outlives the read.

import { connect } from "node:net";
import type { LookupFunction, OnReadOpts, Socket } from "node:net";
import type { Writable } from "node:stream";

import { BodyReader } from "../../policy/http1/body-reader.ts";
import { ResponseHead } from "../../policy/http1/response-head.ts";
import type { AnswerableReason } from "../../policy/reasons.ts";
import type { PeerSecurity } from "../identity/peer-security.ts";
import type { ReadThrottle, SocketReads } from "../read-throttle.ts";
import type { AnswerReceiver } from "./answer-receiver.ts";
import { PartialHead } from "./partial-head.ts";

export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
  /** For hosts that are names. */
  readonly lookup?: LookupFunction | undefined;
  /** For nodes whose proxies have to prove who they are. */
  readonly secure?: PeerSecurity | undefined;
}

export interface UpstreamOptions {
  readonly address: UpstreamAddress;
  readonly throttle: ReadThrottle;
  /** The connection may take another request. @returns false if it is not wanted any more. */
  readonly freed: (connection: UpstreamConnection) => boolean;
  readonly closed: (connection: UpstreamConnection) => void;
}

/** As much as Node reads at once. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);
/** Answers before the answer; more than that is a destination that plays games. */
const INTERIM_MAX = 32;

type Phase = "connecting" | "idle" | "head" | "body" | "tunnel" | "closed";

export class UpstreamConnection {
  readonly head = new ResponseHead();
  readonly body = new BodyReader();
  /** It has answered a request before. */
  isReused = false;
  /** Without a request, since when; undefined until that was looked at. */
  idleFromMs: number | undefined;
  readonly #options: UpstreamOptions;
  readonly #socket: Socket;
  readonly #reads: SocketReads;
  readonly #partial = new PartialHead();
  #receiver: AnswerReceiver | undefined;
  #phase: Phase = "idle";
  #isConnected = false;
  #isRequestSent = false;
  #isTunnelWanted = false;
  #isPaused = false;
  #interims = 0;
  #bytesSeen = 0;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    const { host, port, lookup, secure } = options.address;
    const onread: OnReadOpts = {
      buffer: READ_BUFFER,
      callback: (count, bytes) => this.#read(bytes as Buffer, count),
    };
    this.#socket =
      secure?.connect({ host, port, onread }) ??
      connect({
        host,
        port,
        noDelay: true,
        allowHalfOpen: true,
        onread,
        ...(lookup === undefined ? {} : { lookup }),
      });
    this.#reads = options.throttle.add(this.#socket, "destination");
    this.#socket.on(secure === undefined ? "connect" : "secureConnect", () => this.#connected());
    this.#socket.on("drain", () => this.#receiver?.hasRoom());
    this.#socket.on("end", () => this.#ended());
    this.#socket.on("error", (error: NodeJS.ErrnoException) =>
      this.#fail(
        secure !== undefined && !this.#isConnected && isUnproven(error)
          ? "peerUnproven"
          : reasonOf(error, this.#isConnected),
      ),
    );
    this.#socket.on("close", () => this.abort());
  }

  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  /** It was kept from an earlier request, and nothing of this one's answer has come. */
  get isOutdated(): boolean {
    return this.isReused && this.#bytesSeen === 0;
  }

  /** What was written waits for the destination. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Takes the next request, whose parts are then written. */
  begin(receiver: AnswerReceiver): void {
    this.#receiver = receiver;
    this.#phase = "head";
    this.#isRequestSent = false;
    this.#interims = 0;
    this.#bytesSeen = 0;
    this.head.reset();
  }

  /** Opens a tunnel: nothing is sent or read but what its two ends say. */
  beginTunnel(receiver: AnswerReceiver): void {
    this.#receiver = receiver;
    this.#phase = "connecting";
    this.#isTunnelWanted = true;
    if (this.#isConnected) this.#connected();
  }

  /** Of a request or tunnel in progress. @returns false if it should wait for `hasRoom`. */
  writeText(text: string): boolean {
    return this.#socket.write(text, "latin1");
  }

  /** @param bytes not to be changed any more. */
  writeBytes(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  get writable(): Writable {
    return this.#socket;
  }

  /** The request was written to its end. */
  requestSent(): void {
    this.#isRequestSent = true;
  }

  /** The client will send no more through the tunnel. */
  endTunnel(): void {
    this.#socket.end();
  }

  /** The client is full: stops reading until `resume`. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#reads.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#reads.resume();
  }

  /** Closes it at once, without a word to the receiver. */
  destroy(): void {
    this.#receiver = undefined;
    this.#socket.destroy();
    this.#close();
  }

  /** Closes it at once; what is in progress fails. */
  abort(): void {
    this.#fail("upstreamClosed");
  }

  #connected(): void {
    this.#isConnected = true;
    if (!this.#isTunnelWanted || this.#phase !== "connecting") return;
    this.#phase = "tunnel";
    this.#receiver?.tunnelOpened();
  }

  /** @returns true: to stop reading is for `pause` alone. */
  #read(bytes: Buffer, count: number): boolean {
    this.#bytesSeen += count;
    if (this.#phase === "body") this.#readBody(bytes, 0, count, false);
    else if (this.#phase === "head") this.#readHead(bytes, count);
    else if (this.#phase === "tunnel") this.#receiver?.tunnel?.destinationSpoke(bytes.subarray(0, count));
    // Nobody asked for it: what it is an answer to must not be guessed.
    else this.destroy();
    return true;
  }

  #readHead(read: Buffer, count: number): void {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    let bytes = read;
    let to = count;
    if (!this.#partial.isEmpty) {
      bytes = this.#partial.append(read, 0, count);
      to = bytes.length;
    }
    const { head } = this;
    const progress = head.read(bytes, to, receiver);
    if (progress === "incomplete") {
      if (this.#partial.isEmpty) this.#partial.append(read, 0, count);
      return;
    }
    this.#partial.clear();
    if (progress === "refused") {
      this.#fail("upstreamInvalid");
      return;
    }
    if (head.framing === "tunnel") this.#switchProtocols(receiver, bytes, to);
    else if (head.statusCode < 200) this.#skipInterim(receiver, bytes.subarray(head.end, to));
    else {
      this.#phase = "body";
      this.body.start(head.framing, head.contentLength);
      this.#readBody(bytes, head.end, to, true);
    }
  }

  #skipInterim(receiver: AnswerReceiver, rest: Buffer): void {
    this.#interims += 1;
    if (this.#interims > INTERIM_MAX) {
      this.#fail("upstreamInvalid");
      return;
    }
    receiver.interimSeen(this.head.statusCode);
    this.head.reset();
    if (rest.length > 0) this.#readHead(rest, rest.length);
  }

  #switchProtocols(receiver: AnswerReceiver, bytes: Buffer, to: number): void {
    this.body.endWithConnection();
    this.#phase = "tunnel";
    receiver.partSeen(bytes, true, false);
    receiver.tunnelOpened();
    if (this.head.end < to) receiver.tunnel?.destinationSpoke(bytes.subarray(this.head.end, to));
  }

  #readBody(bytes: Buffer, from: number, to: number, isFirst: boolean): void {
    if (this.body.read(bytes, from, to) === "malformed") {
      this.#fail("upstreamInvalid");
      return;
    }
    const receiver = this.#receiver;
    const { isDone } = this.body;
    // Bytes behind the answer are an answer that nobody asked for, and end the connection.
    if (isDone) this.#answerEnded(this.body.end === to);
    receiver?.partSeen(bytes, isFirst, isDone);
  }

  /** Before the receiver is told, so that it can send the next request on this very connection. */
  #answerEnded(isAlone: boolean): void {
    this.#receiver = undefined;
    this.#phase = "idle";
    this.isReused = true;
    if (isAlone && this.head.isPersistent && this.#isRequestSent && this.#options.freed(this)) return;
    this.destroy();
  }

  /** The destination has sent all it will. */
  #ended(): void {
    if (this.#phase === "tunnel") {
      this.#receiver?.tunnel?.destinationEnded();
      return;
    }
    if (this.#phase === "body" && this.head.framing === "close") {
      const receiver = this.#receiver;
      this.body.endWithConnection();
      this.#answerEnded(false);
      receiver?.partSeen(READ_BUFFER, false, true);
      return;
    }
    this.abort();
  }

  #fail(reason: AnswerableReason): void {
    if (this.#phase === "closed") return;
    const receiver = this.#receiver;
    this.destroy();
    receiver?.failed(reason);
  }

  #close(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#options.closed(this);
  }
}

/** Whoever cannot be reached, or leaves in the middle of a handshake, has not proved anything wrong. */
function isUnproven({ code, syscall }: NodeJS.ErrnoException): boolean {
  return syscall === undefined && code !== "ECONNRESET";
}

function reasonOf(error: NodeJS.ErrnoException, isConnected: boolean): AnswerableReason {
  if (error.code === "NameUnresolved") return "nameUnresolved";
  if (error.code === "DestinationForbidden") return "destinationForbidden";
  return isConnected ? "upstreamClosed" : "connectFailed";
}
