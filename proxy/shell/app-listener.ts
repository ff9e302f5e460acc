// One of an app's two ports: accepts connections within the quota and looks after them. Draining stops accepting, lets
// requests in progress finish and closes what is idle.

import { createServer } from "node:net";
import type { Server, Socket } from "node:net";

import type { Clock } from "#runtime/clock.ts";

import type { Drain } from "../policy/farewell.ts";
import type { Caller } from "../policy/identity/caller.ts";
import { ClientConnection } from "./http1/client-connection.ts";
import type { ClientOptions } from "./http1/client-options.ts";
import type { Http2Port } from "./http2/http2-port.ts";
import type { SecuredConnection } from "./identity/mutual-tls.ts";
import { Farewells } from "./farewells.ts";
import { closeQuietly } from "./quiet-close.ts";
import { isReusePortSupported } from "./reuse-port.ts";

export interface AppListenerOptions extends Omit<ClientOptions, "listener" | "takeHttp2"> {
  /** Loads what speaks HTTP/2; without it the port speaks HTTP/1.1 only. */
  readonly loadHttp2?: (client: ClientOptions) => Promise<Http2Port>;
  readonly clock: Clock;
  /** From `drain` on, for what is in progress. The caller ends it then. */
  readonly drainTimeoutMs: number;
  /** Called at the pace at which connections are looked after. @returns whether it has to be called again. */
  readonly sweepUpstreams: (nowMs: number) => boolean;
}

/** Connections the kernel may hold before they are accepted; Node's default. */
const BACKLOG = 511;
/**
 * Of one address. A quarter of what an instance has room for where no quota says otherwise, so that no one client can
 * take it all.
 */
const CONNECTIONS_PER_SOURCE_MAX = 2048;
/** Deadlines are looked at this often at least, and four times within the shortest of them. */
const SWEEP_MS_MAX = 500;
const SWEEP_MS_MIN = 10;
const SWEEPS_PER_DEADLINE = 4;
const NOTHING_READ = Buffer.alloc(0);

export class AppListener {
  readonly #options: AppListenerOptions;
  readonly #server: Server;
  readonly #clientOptions: ClientOptions;
  #http2: Promise<Http2Port> | undefined;
  readonly #clients = new Set<ClientConnection>();
  readonly #sources = new Map<string, number>();
  readonly #sweepMs: number;
  readonly #state = { isRetiring: false, isDraining: false };
  readonly #farewells = new Farewells();
  #draining: { readonly drain: Drain; readonly sinceMs: number } | undefined;
  #http2Port: Http2Port | undefined;
  #isSweeping = false;

  constructor(options: AppListenerOptions) {
    this.#options = options;
    this.#clientOptions = {
      ...options,
      listener: this.#state,
      takeHttp2:
        options.loadHttp2 && ((socket, bytes, caller) => void this.#takeHttp2(socket, bytes, caller)),
    };
    const { headersMs, silenceMs, drainIdleMs, clientIdleMs } = options.times;
    // Farewells are said within tenths of the drain timeout.
    const drainStepMs = options.drainTimeoutMs / 10;
    const shortestMs = Math.min(headersMs, silenceMs, drainIdleMs, clientIdleMs, drainStepMs);
    this.#sweepMs = Math.max(SWEEP_MS_MIN, Math.min(SWEEP_MS_MAX, shortestMs / SWEEPS_PER_DEADLINE));
    // A client's end is told to the other side of a tunnel, and everything else decides itself what it means.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
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
    this.#state.isRetiring = true;
    const ended = [...this.#clients].map((client) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      client.whenSettled(resolve);
      return promise;
    });
    const http2 = await this.#http2;
    await Promise.all([...ended, http2?.retire()]);
  }

  /** Resolves once the last connection has closed. The caller bounds the wait. */
  async drain(drain: Drain): Promise<void> {
    void this.retire();
    this.#state.isDraining = true;
    this.#draining ??= { drain, sinceMs: this.#options.clock.nowMs() };
    const { promise, resolve } = Promise.withResolvers<void>();
    closeQuietly(this.#server, { closed: resolve });
    await promise;
  }

  #accept(socket: Socket): void {
    const { counters, direction, admission } = this.#options;
    const verdict = this.#hasSourceRoom(socket) ? admission.connect() : "sourceLimited";
    if (verdict !== "admitted") {
      counters.addReason(direction, verdict);
      socket.destroy();
      return;
    }
    counters.add(direction, "connections", 1);
    counters.add(direction, "connectionsOpened", 1);
    const client = new ClientConnection(socket, this.#clientOptions);
    const { address } = client;
    this.#clients.add(client);
    this.#sources.set(address, (this.#sources.get(address) ?? 0) + 1);
    socket.once("close", () => {
      this.#clients.delete(client);
      counters.add(direction, "connections", -1);
      const others = (this.#sources.get(address) ?? 1) - 1;
      if (others > 0) this.#sources.set(address, others);
      else this.#sources.delete(address);
    });
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    this.#sweepLater();
  }

  async #takeHttp2(socket: Socket, bytes: Buffer, caller: Caller): Promise<void> {
    socket.pause();
    this.#http2 ??= this.#options.loadHttp2?.(this.#clientOptions);
    const http2 = await this.#http2;
    this.#http2Port = http2;
    if (!socket.destroyed) http2?.take(socket, bytes, caller);
  }

  /** A connection that was accepted here, and turned out to be secure: what is in it is served from now on. */
  serveSecured({ socket, caller, isHttp2 }: SecuredConnection): void {
    // The handshake has said what it speaks, so its first bytes are not asked: no HTTP/2 unannounced, no TLS within TLS.
    const options = { ...this.#clientOptions, takeHttp2: undefined, takeTls: undefined };
    const client = new ClientConnection(socket, options, caller);
    this.#clients.add(client);
    socket.once("close", () => this.#clients.delete(client));
    if (!isHttp2) return;
    client.handOver();
    void this.#takeHttp2(socket, NOTHING_READ, caller);
  }

  #hasSourceRoom({ remoteAddress = "unknown" }: Socket): boolean {
    return (this.#sources.get(remoteAddress) ?? 0) < CONNECTIONS_PER_SOURCE_MAX;
  }

  /** Goes on as long as there is anybody to look after. */
  #sweep(): void {
    const { clock, sweepUpstreams } = this.#options;
    const nowMs = clock.nowMs();
    for (const client of this.#clients) client.sweep(nowMs);
    this.#http2Port?.look();
    this.#sayFarewell(nowMs);
    this.#isSweeping = sweepUpstreams(nowMs) || this.#clients.size > 0;
    if (this.#isSweeping) this.#sweepLater();
  }

  #sayFarewell(nowMs: number): void {
    if (this.#draining === undefined) return;
    const { drain, sinceMs } = this.#draining;
    const { listening: isListening } = this.#server;
    const { drainTimeoutMs: timeoutMs } = this.#options;
    const progress = { drain, isListening, elapsedMs: nowMs - sinceMs, timeoutMs };
    const all = [...this.#clients, ...(this.#http2Port?.exchanges ?? [])];
    const lasting = all.filter((one) => one.isLasting(nowMs));
    const others = all.filter((one) => !one.isLasting(nowMs));
    this.#farewells.turn(progress, lasting, others);
  }

  #sweepLater(): void {
    this.#options.clock.after(this.#sweepMs, () => this.#sweep());
  }
}
