// One client's connection: reads the heads of its requests and hands each, and what follows it, to the exchange. The
// next request waits until the one before it is over. There are no timers per connection: `sweep` is called at a steady
// pace and finds those who take too long.

import type { Socket } from "node:net";

import { type Caller, UNIDENTIFIED } from "../../policy/identity/caller.ts";
import { RequestHead } from "../../policy/http1/request-head.ts";
import type { SocketReads } from "../read-throttle.ts";
import { isHttp2Preface } from "../http2/preface.ts";
import { CLOSING_MS, STRANGER_MS } from "./client-options.ts";
import type { ClientOptions } from "./client-options.ts";
import type { ClientSide } from "./client-side.ts";
import { type EnteredTunnel, ESTABLISHED, heardIn } from "./entered-tunnel.ts";
import { Exchange } from "./exchange.ts";
import { PartialHead } from "./partial-head.ts";

/** `stranger`: its address is not known yet, and nothing is read. `new`: nothing has come yet. `handed-over`: it speaks something else and is looked after elsewhere. */
type ClientPhase = "stranger" | "new" | "idle" | "head" | "exchange" | "closing" | "closed" | "handed-over";

/** The first byte of a client's first record (RFC 8446 §5.1), and of no request. */
const TLS_HANDSHAKE = 0x16;

export class ClientConnection implements ClientSide {
  readonly options: ClientOptions;
  readonly socket: Socket;
  readonly address: string;
  readonly caller: Caller;
  readonly head = new RequestHead();
  readonly #reads: SocketReads;
  readonly #exchange: Exchange;
  readonly #partial = new PartialHead();
  #phase: ClientPhase = "new";
  #entered: EnteredTunnel | undefined;
  /** What came behind the present request. */
  #rest: Buffer | undefined;
  #isReading = false;
  #isPaused = false;
  /** Something has happened since the last sweep. */
  #isActive = true;
  #quietFromMs = 0;
  #bytesRead = 0;
  #bytesWritten = 0;
  #isCounted = true;
  #settled: (() => void)[] = [];

  /** @param caller of a connection that is secure. */
  constructor(socket: Socket, options: ClientOptions, caller: Caller = UNIDENTIFIED) {
    this.options = options;
    this.socket = socket;
    this.caller = caller;
    this.address = socket.remoteAddress ?? "unknown";
    this.#exchange = new Exchange(this);
    this.#reads = options.throttle.add(socket, "client");
    socket.setNoDelay(true);
    socket.on("data", this.#dataSeen);
    socket.on("drain", this.#drained);
    socket.on("end", this.#ended);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#closed());
    this.#identify();
  }

  /** Calls back once the request in progress is over; at once if there is none. A tunnel is no request any more. */
  whenSettled(settled: () => void): void {
    if (this.#phase === "exchange" && this.#exchange.tunnel === undefined) this.#settled.push(settled);
    else settled();
  }

  /** It would stay for ever. */
  isLasting(): boolean {
    return this.#phase === "exchange" && this.#exchange.tunnel !== undefined;
  }

  /** The port is about to go. */
  farewell(how: { readonly isLastCall: boolean }): void {
    if (this.#phase === "exchange") this.#exchange.farewell(how);
  }

  /** Only its end is still waited for, and its bytes are counted then. */
  handOver(): void {
    this.#phase = "handed-over";
    this.socket.off("data", this.#dataSeen).off("drain", this.#drained).off("end", this.#ended);
  }

  /** Closes what has been quiet for too long. */
  sweep(nowMs: number): void {
    if (this.#isActive) {
      this.#isActive = false;
      this.#quietFromMs = nowMs;
      return;
    }
    const quietMs = nowMs - this.#quietFromMs;
    const { times, listener } = this.options;
    switch (this.#phase) {
      case "stranger":
        if (quietMs >= Math.min(STRANGER_MS, times.headersMs)) this.#beginRefused("sourceUnknown");
        return;
      case "new":
      case "idle":
        if (quietMs >= (listener.isDraining ? times.drainIdleMs : times.clientIdleMs)) this.destroy();
        return;
      case "head":
        if (quietMs >= times.headersMs) this.#beginRefused("requestTimeout");
        return;
      case "exchange":
        this.#exchange.sweep(quietMs);
        return;
      case "closing":
        if (quietMs >= CLOSING_MS) this.destroy();
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  destroySoon(): void {
    this.socket.destroySoon();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  // For the exchange.

  markActive(): void {
    this.#isActive = true;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#reads.pause();
  }

  /** Goes on reading, unless something that was read has yet to be worked off. */
  resume(): void {
    if (!this.#isPaused || this.#rest !== undefined) return;
    this.#isPaused = false;
    this.#reads.resume();
  }

  stash(bytes: Buffer, from: number): void {
    const later = bytes.subarray(from);
    if (later.length === 0) return;
    this.#rest = this.#rest === undefined ? later : Buffer.concat([this.#rest, later]);
    this.pause();
  }

  takeRest(): Buffer | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.resume();
    return rest;
  }

  writeText(text: string): void {
    this.socket.write(text, "latin1");
  }

  writeBytes(bytes: Buffer): boolean {
    return this.socket.write(bytes);
  }

  endWriting(): void {
    this.socket.end();
  }

  tunnelOpened(): void {
    this.#tellSettled();
    const rest = this.takeRest();
    if (rest !== undefined) this.#exchange.dataSeen(rest);
  }

  get entered(): EnteredTunnel | undefined {
    return this.#entered;
  }

  enterTunnel(): void {
    this.#entered = { target: this.head.target, spoken: "unheard" };
    this.writeText(ESTABLISHED);
  }

  /** A socket's own totals are read when a request or the connection ends, which costs nothing per chunk. */
  countBytes(): void {
    if (!this.#isCounted) return;
    const { counters, direction } = this.options;
    const { bytesRead, bytesWritten } = this.socket;
    counters.add(direction, "bytesReceived", bytesRead - this.#bytesRead);
    counters.add(direction, "bytesSent", bytesWritten - this.#bytesWritten);
    this.#bytesRead = bytesRead;
    this.#bytesWritten = bytesWritten;
  }

  exchangeEnded(mustClose: boolean): void {
    this.#tellSettled();
    if (this.#phase !== "exchange") return;
    this.#isActive = true;
    if (mustClose) {
      this.#close();
      return;
    }
    this.#phase = "idle";
    if (!this.#isReading) this.#readRest();
  }

  get #isWaiting(): boolean {
    return this.#phase === "exchange";
  }

  readonly #dataSeen = (bytes: Buffer): void => {
    switch (this.#phase) {
      case "new":
        if (this.options.takeHttp2 !== undefined && isHttp2Preface(bytes)) {
          this.handOver();
          this.options.takeHttp2(this.socket, bytes, this.caller);
          return;
        }
        if (this.options.takeTls !== undefined && bytes[0] === TLS_HANDSHAKE) {
          this.handOver();
          // What is read and written from now on counts on the connection within.
          this.#reads.leave();
          this.#isCounted = false;
          this.options.takeTls(this.socket, bytes);
          return;
        }
        this.#phase = "idle";
        this.#rest = bytes;
        this.#readRest();
        return;
      case "idle":
      case "head":
        this.#rest = bytes;
        this.#readRest();
        return;
      case "exchange":
        this.#exchange.dataSeen(bytes);
    }
  };

  #identify(): void {
    const { sources } = this.options;
    if (sources === undefined || sources.isKnown(this.address)) return;
    this.#phase = "stranger";
    this.pause();
    const stop = sources.wait(this.address, () => {
      if (this.#phase !== "stranger") return;
      this.#phase = "new";
      this.resume();
    });
    this.socket.once("close", stop);
  }

  /** Request after request, as far as they are over at once. */
  #readRest(): void {
    this.#isReading = true;
    while (this.#phase === "idle" || this.#phase === "head") {
      const rest = this.takeRest();
      if (rest === undefined) break;
      this.#readHead(rest);
    }
    this.#isReading = false;
  }

  #readHead(read: Buffer): void {
    if (this.#entered?.spoken === "unheard") this.#entered = heardIn(this.#entered, read);
    if (this.#entered !== undefined && this.#entered.spoken !== "requests") {
      // The head is still that of the CONNECT.
      this.#begin(read, 0);
      return;
    }
    if (this.#phase === "idle") {
      this.head.reset();
      this.#phase = "head";
      this.#isActive = true;
    }
    const bytes = this.#partial.isEmpty ? read : this.#partial.append(read, 0, read.length);
    const progress = this.head.read(bytes, bytes.length);
    if (progress === "incomplete") {
      if (this.#partial.isEmpty) this.#partial.append(read, 0, read.length);
      return;
    }
    this.#partial.clear();
    if (progress === "refused") {
      this.#beginRefused(this.head.reason);
      return;
    }
    this.#begin(bytes, this.head.end);
  }

  /** @param to where the request's head ends. */
  #begin(bytes: Buffer, to: number): void {
    this.#phase = "exchange";
    this.#isActive = true;
    if (to < bytes.length) this.#rest = bytes.subarray(to);
    this.#exchange.begin();
    // Usually it was taken at once.
    if (this.#rest !== undefined && this.#isWaiting) this.pause();
  }

  #beginRefused(reason: Parameters<Exchange["beginRefused"]>[0]): void {
    this.#phase = "exchange";
    this.#exchange.beginRefused(reason);
  }

  readonly #drained = (): void => {
    this.#isActive = true;
    if (this.#phase === "exchange") this.#exchange.drained();
  };

  readonly #ended = (): void => {
    const tunnel = this.#phase === "exchange" ? this.#exchange.tunnel : undefined;
    // Without a tunnel, whoever sends no more is not interested in the answer either.
    if (tunnel === undefined) this.destroy();
    else tunnel.clientEnded();
  };

  /** The client is told that this is the end, and given the time to read it: what it still sends is dropped. */
  #close(): void {
    this.#phase = "closing";
    this.#rest = undefined;
    this.resume();
    this.socket.end();
  }

  #closed(): void {
    this.countBytes();
    this.#exchange.closed();
    this.#phase = "closed";
    this.#tellSettled();
  }

  #tellSettled(): void {
    if (this.#settled.length === 0) return;
    for (const settled of this.#settled.splice(0)) settled();
  }
}
