// Bytes to and from clients, headers and framing included. A socket's own totals are read when a request or the
// connection ends, which costs nothing per chunk.

import type { Socket } from "node:net";

import type { Direction, InstanceCounters } from "./instance-counters.ts";

interface Totals {
  received: number;
  sent: number;
}

export class ClientBytes {
  readonly #counters: InstanceCounters;
  readonly #direction: Direction;
  readonly #counted = new WeakMap<Socket, Totals>();

  constructor(counters: InstanceCounters, direction: Direction) {
    this.#counters = counters;
    this.#direction = direction;
  }

  /** Adds what the socket carried since the last call. */
  count(socket: Socket): void {
    let counted = this.#counted.get(socket);
    if (counted === undefined) {
      counted = { received: 0, sent: 0 };
      this.#counted.set(socket, counted);
    }
    this.#counters.add(this.#direction, "bytesReceived", socket.bytesRead - counted.received);
    this.#counters.add(this.#direction, "bytesSent", socket.bytesWritten - counted.sent);
    counted.received = socket.bytesRead;
    counted.sent = socket.bytesWritten;
  }
}
