// All sockets of an instance, whose reading can be held: by the CPU quota (everything), or by a bandwidth (one side).
// What is not read stays in the kernel, whose windows then slow the sender down: nothing is refused and nothing is lost.

import type { Socket } from "node:net";

/** On which side of the instance a socket is: whoever sends it requests, or where it sends them on to. */
export type SocketSide = "client" | "destination";
const SOCKET_SIDES = ["client", "destination"] as const satisfies readonly SocketSide[];

export type HoldReason = "cpu" | "bandwidth";

/** One socket's reading, as the code that pipes it sees it. */
export interface SocketReads {
  /** The receiver is full. Reading stops until `resume`, whatever else holds or releases it. */
  pause(): void;
  /** The receiver has room. Reading goes on, unless a quota holds it. */
  resume(): void;
  /** Another socket takes its place here: neither holds it any more, nor counts it. */
  leave(): void;
}

type PausableSocket = Pick<Socket, "pause" | "resume" | "once" | "destroyed" | "bytesRead">;

export class ReadThrottle {
  readonly #reads = { client: new Set<Reads>(), destination: new Set<Reads>() };
  readonly #holds = { client: new Set<HoldReason>(), destination: new Set<HoldReason>() };
  /** Of sockets that have closed. */
  readonly #bytesReadBefore = { client: 0, destination: 0 };

  /**
   * From now on the socket is held and released with the others; it is forgotten once it has closed. A data path that
   * pauses for backpressure does so through what this returns, never on the socket itself, so that neither undoes the
   * other's pause.
   */
  add(socket: PausableSocket, side: SocketSide): SocketReads {
    const reads = new Reads(socket, this.#holds[side].size > 0, () => this.#reads[side].delete(reads));
    this.#reads[side].add(reads);
    socket.once("close", () => {
      if (this.#reads[side].delete(reads)) this.#bytesReadBefore[side] += socket.bytesRead;
    });
    return reads;
  }

  hold(reason: HoldReason, sides: readonly SocketSide[] = SOCKET_SIDES): void {
    for (const side of sides) {
      const holds = this.#holds[side];
      holds.add(reason);
      if (holds.size === 1) for (const reads of this.#reads[side]) reads.setHeld(true);
    }
  }

  release(reason: HoldReason, sides: readonly SocketSide[] = SOCKET_SIDES): void {
    for (const side of sides) {
      const holds = this.#holds[side];
      if (!holds.delete(reason) || holds.size > 0) continue;
      for (const reads of this.#reads[side]) reads.setHeld(false);
    }
  }

  isHeld(side: SocketSide): boolean {
    return this.#holds[side].size > 0;
  }

  /** Sockets of this side that are open. */
  open(side: SocketSide): number {
    return this.#reads[side].size;
  }

  /** All bytes ever read on a side. Takes time in proportion to the open sockets. */
  bytesRead(side: SocketSide): number {
    let sum = this.#bytesReadBefore[side];
    for (const { bytesRead } of this.#reads[side]) sum += bytesRead;
    return sum;
  }
}

class Reads implements SocketReads {
  readonly #socket: PausableSocket;
  #isFull = false;
  #isHeld: boolean;
  readonly leave: () => void;

  constructor(socket: PausableSocket, isHeld: boolean, leave: () => void) {
    this.#socket = socket;
    this.leave = leave;
    this.#isHeld = isHeld;
    if (isHeld) socket.pause();
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  pause(): void {
    this.#isFull = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isFull = false;
    if (!this.#isHeld) this.#socket.resume();
  }

  setHeld(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (isHeld) this.#socket.pause();
    else if (!this.#isFull && !this.#socket.destroyed) this.#socket.resume();
  }
}
