// One client's connection on a port of plain TCP, and its connection to a pod: bytes go both ways as they are. Whoever
// reads too slowly stops the other side, either may end before the other, and nothing is read into memory that has
// nowhere to go.

import { connect } from "node:net";
import type { Socket } from "node:net";

import type { PodPool } from "../pod-pools.ts";
import type { InstanceCounters } from "../instance-counters.ts";
import type { ReadThrottle } from "../read-throttle.ts";
import { TUNNEL_IDLE_MS } from "../http1/client-options.ts";

export interface TcpConnectionOptions {
  readonly pod: PodPool;
  readonly podPort: number;
  readonly counters: InstanceCounters;
  readonly throttle: ReadThrottle;
  /** For the pod to accept. */
  readonly connectMs: number;
}

export class TcpConnection {
  readonly #client: Socket;
  readonly #options: TcpConnectionOptions;
  readonly #pod: Socket;
  #isConnected = false;
  #isOver = false;
  #bytesRead = 0;
  #bytesWritten = 0;

  constructor(client: Socket, options: TcpConnectionOptions) {
    const { pod, podPort, throttle, connectMs } = options;
    this.#client = client;
    this.#options = options;
    const { address: host } = pod.endpoint;
    this.#pod = connect({ host, port: podPort, noDelay: true, allowHalfOpen: true });
    client.setNoDelay(true);
    const clientReads = throttle.add(client, "client");
    const podReads = throttle.add(this.#pod, "destination");
    flow(client, this.#pod, clientReads);
    flow(this.#pod, client, podReads);
    this.#pod.setTimeout(connectMs);
    this.#pod.once("connect", () => {
      this.#isConnected = true;
      this.#pod.setTimeout(TUNNEL_IDLE_MS);
    });
    this.#pod.on("timeout", () => this.#giveUp("upstreamDeadline"));
    this.#pod.on("error", () => this.#giveUp(this.#isConnected ? "upstreamBroken" : "connectFailed"));
    client.on("error", () => this.#giveUp("clientAborted"));
    this.#pod.on("close", () => this.#end());
    client.on("close", () => this.#end());
  }

  destroy(): void {
    this.#client.destroy();
  }

  /** Called at a steady pace: puts on the account what has passed so far, for a connection may last for days. */
  count(): void {
    const { counters } = this.#options;
    const { bytesRead, bytesWritten } = this.#client;
    counters.add("inbound", "bytesReceived", bytesRead - this.#bytesRead);
    counters.add("inbound", "bytesSent", bytesWritten - this.#bytesWritten);
    this.#bytesRead = bytesRead;
    this.#bytesWritten = bytesWritten;
  }

  #giveUp(reason: "upstreamDeadline" | "upstreamBroken" | "connectFailed" | "clientAborted"): void {
    if (this.#isOver) return;
    this.#options.counters.addReason("inbound", reason);
    // The other side must not take what it has got for the whole.
    this.#client.resetAndDestroy();
    this.#pod.resetAndDestroy();
    this.#end();
  }

  #end(): void {
    if (this.#isOver || !(this.#client.destroyed || this.#pod.destroyed)) return;
    this.#isOver = true;
    this.count();
    this.#options.pod.release();
    this.#client.destroySoon();
    this.#pod.destroySoon();
  }
}

/** From one socket to the other, as fast as that takes it. */
function flow(from: Socket, to: Socket, reads: { pause(): void; resume(): void }): void {
  from.on("data", (bytes: Buffer) => {
    if (!to.write(bytes)) reads.pause();
  });
  to.on("drain", () => reads.resume());
  from.on("end", () => to.end());
}
