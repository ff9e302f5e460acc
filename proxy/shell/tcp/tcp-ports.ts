// An app's ports of plain TCP, beside its two for HTTP: each leads to one port of the app's pods on this node, within
// the quota of connections and bandwidth. Opened and closed as the profile says, without a restart.

import { createServer } from "node:net";
import type { Server, Socket } from "node:net";

import type { TcpPort } from "#model/mesh-profile.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";

import type { Admission } from "../admission.ts";
import type { InstanceCounters } from "../instance-counters.ts";
import type { PodPools } from "../pod-pools.ts";
import type { ReadThrottle } from "../read-throttle.ts";
import { isReusePortSupported } from "../reuse-port.ts";
import { TcpConnection } from "./tcp-connection.ts";

export interface TcpPortsOptions {
  readonly nodeAddress: string;
  readonly pools: PodPools;
  readonly admission: Admission;
  readonly counters: InstanceCounters;
  readonly throttle: ReadThrottle;
  readonly clock: Clock;
  /** The port cannot be had for now. */
  readonly failed: (port: number, message: string) => void;
}

/** Somebody else has the port; it is tried again at this pace. */
const RETRY_MS = 5_000;
/** What the kernel needs to find out that an address of the node's own network does not answer. */
const CONNECT_MS = 10_000;
/** Of one address, as on the ports of HTTP. */
const CONNECTIONS_PER_SOURCE_MAX = 2_048;

export class TcpPorts {
  readonly #options: TcpPortsOptions;
  readonly #open = new Map<string, OpenPort>();
  #isDraining = false;

  constructor(options: TcpPortsOptions) {
    this.#options = options;
  }

  /** Opens what is new; what is no longer there takes no new connection, and those that it has go on. */
  update(ports: readonly TcpPort[]): void {
    if (this.#isDraining) return;
    const wanted = new Map(ports.map((port) => [`${port.listenPort} ${port.podPort}`, port]));
    for (const [key, open] of this.#open) {
      if (wanted.has(key)) continue;
      open.close();
      this.#open.delete(key);
    }
    for (const [key, port] of wanted) {
      if (!this.#open.has(key)) this.#open.set(key, new OpenPort(port, this.#options));
    }
  }

  /** Called at a steady pace. */
  count(): void {
    for (const open of this.#open.values()) open.count();
  }

  /** Resolves once the last connection has ended. The caller bounds the wait. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await Promise.all([...this.#open.values()].map((open) => open.close()));
  }
}

class OpenPort {
  readonly #port: TcpPort;
  readonly #options: TcpPortsOptions;
  readonly #server: Server;
  readonly #connections = new Set<TcpConnection>();
  readonly #sources = new Map<string, number>();
  #cancelRetry: Cancel | undefined;
  #isClosed = false;

  constructor(port: TcpPort, options: TcpPortsOptions) {
    this.#port = port;
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#server.on("error", (error) => this.#failed(error));
    this.#listen();
  }

  count(): void {
    for (const connection of this.#connections) connection.count();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry?.();
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#server.listening) this.#server.close(() => resolve());
    else resolve();
    await promise;
  }

  #listen(): void {
    const { nodeAddress: host } = this.#options;
    this.#server.listen({ host, port: this.#port.listenPort, reusePort: isReusePortSupported });
  }

  #failed(error: Error): void {
    const { clock, failed } = this.#options;
    failed(this.#port.listenPort, error.message);
    this.#cancelRetry = clock.after(RETRY_MS, () => {
      if (!this.#isClosed) this.#listen();
    });
  }

  #accept(socket: Socket): void {
    const { counters, admission, pools, throttle } = this.#options;
    const { remoteAddress: source = "unknown" } = socket;
    const ofSource = this.#sources.get(source) ?? 0;
    const verdict = ofSource < CONNECTIONS_PER_SOURCE_MAX ? admission.connect() : "sourceLimited";
    const pod = verdict === "admitted" ? pools.acquire() : undefined;
    if (pod === undefined) {
      counters.addReason("inbound", verdict === "admitted" ? "noReadyPod" : verdict);
      socket.destroy();
      return;
    }
    counters.add("inbound", "connections", 1);
    counters.add("inbound", "connectionsOpened", 1);
    admission.noteWork();
    const { podPort } = this.#port;
    const connection = new TcpConnection(socket, { pod, podPort, counters, throttle, connectMs: CONNECT_MS });
    this.#connections.add(connection);
    this.#sources.set(source, ofSource + 1);
    socket.once("close", () => {
      this.#connections.delete(connection);
      counters.add("inbound", "connections", -1);
      const others = (this.#sources.get(source) ?? 1) - 1;
      if (others > 0) this.#sources.set(source, others);
      else this.#sources.delete(source);
    });
  }
}
