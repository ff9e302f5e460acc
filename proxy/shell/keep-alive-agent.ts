// Connections to destinations, kept for the next request. node:http's agent bounds idle connections per destination;
// this one bounds them in all, because an outbound port meets any number of destinations.

import { Agent } from "node:http";
import type { ClientRequestArgs } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

import type { ReadThrottle } from "./read-throttle.ts";

/**
 * Idle connections close before the five seconds after which Node's servers, the most impatient in common use, close
 * theirs: a request on a connection that the other side is closing fails, and most may not be repeated.
 */
const IDLE_MS = 4_000;
const IDLE_PER_DESTINATION_MAX = 64;
/** File descriptors belong to the whole process. Above this many connections, none is kept once its request is done. */
const CONNECTIONS_KEPT_MAX = 1024;

export class KeepAliveAgent extends Agent {
  readonly #throttle: ReadThrottle;
  #open = 0;
  #isRetired = false;

  constructor(throttle: ReadThrottle) {
    super({
      keepAlive: true,
      timeout: IDLE_MS,
      maxFreeSockets: IDLE_PER_DESTINATION_MAX,
      // The connection used last is the least likely to be closed by the other side.
      scheduling: "lifo",
    });
    this.#throttle = throttle;
  }

  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const socket = super.createConnection(options, callback);
    if (socket) {
      this.#throttle.add(socket as Socket, "destination");
      this.#open += 1;
      socket.once("close", () => {
        this.#open -= 1;
      });
    }
    return socket;
  }

  override keepSocketAlive(socket: Duplex): boolean {
    if (this.#isRetired || this.#open > CONNECTIONS_KEPT_MAX) return false;
    // The types call it void; node:http reads it as a boolean.
    const isKept: unknown = super.keepSocketAlive(socket);
    return isKept === true;
  }

  /** Keeps no connection from now on, and closes those that are idle; requests in progress go on. */
  retire(): void {
    this.#isRetired = true;
    for (const sockets of Object.values(this.freeSockets)) {
      for (const socket of sockets ?? []) (socket as Socket).destroy();
    }
  }
}
