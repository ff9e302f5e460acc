// One connection between two proxies of a node. Its end is how one learns that the other has gone.

import type { Duplex } from "node:stream";
import { StringDecoder } from "node:string_decoder";

import { parsePeerMessage } from "./peer-messages.ts";
import type { PeerMessage } from "./peer-messages.ts";

/** A memory of as many pods as a node remembers is below one megabyte. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;

export interface PeerListener {
  heard(message: PeerMessage): void;
  closed(): void;
}

export class PeerLink {
  readonly #socket: Duplex;
  #received = "";
  #waiting: PeerMessage[] = [];
  #listener: PeerListener | undefined;
  #isClosed = false;

  /** @param head bytes that arrived with the upgrade. */
  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    if (head.length > 0) socket.unshift(head);
    // A node:http socket decodes nothing by itself.
    const decoder = new StringDecoder("utf8");
    socket.on("data", (bytes: Buffer) => this.#take(decoder.write(bytes)));
    // The close that follows says all there is to say.
    socket.on("error", () => undefined);
    socket.on("end", () => this.close());
    socket.on("close", () => {
      this.#isClosed = true;
      this.#listener?.closed();
    });
  }

  /** The first message, taken off; undefined if the connection ends without one. Before `listen`. */
  async first(): Promise<PeerMessage | undefined> {
    const { promise, resolve } = Promise.withResolvers<PeerMessage | undefined>();
    this.listen({
      heard: (message) => {
        this.#listener = undefined;
        resolve(message);
      },
      closed: () => resolve(undefined),
    });
    return promise;
  }

  /** What arrived before is told now. */
  listen(listener: PeerListener): void {
    this.#listener = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) this.#tell(message);
    if (this.#isClosed) listener.closed();
  }

  send(message: PeerMessage): void {
    if (!this.#isClosed) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** What was sent before still arrives. */
  close(): void {
    this.#socket.end(() => this.#socket.destroy());
  }

  #take(text: string): void {
    this.#received += text;
    if (this.#received.length > LINE_BYTES_MAX) {
      this.#socket.destroy();
      return;
    }
    const lines = this.#received.split("\n");
    this.#received = lines.pop() ?? "";
    for (const line of lines) {
      const message = parsePeerMessage(line);
      if (message !== undefined) this.#tell(message);
    }
  }

  #tell(message: PeerMessage): void {
    if (this.#listener === undefined) this.#waiting.push(message);
    else this.#listener.heard(message);
  }
}
