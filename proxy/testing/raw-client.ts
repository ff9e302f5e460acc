// A client for tests that says exactly what it is told, and keeps what it hears as characters, one per byte.

import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";

import { until } from "./host-bed.ts";

export class RawClient {
  readonly socket: Socket;
  bytes = 0;
  #text = "";

  /** @param localAddress of this machine, whose loopback has many. */
  constructor(context: TestContext, port: number, localAddress = "127.0.0.1") {
    this.socket = connect({ port, host: "127.0.0.1", localAddress, allowHalfOpen: true });
    this.socket.on("data", (bytes: Buffer) => {
      this.bytes += bytes.length;
      // Enough to look at; what is large is only counted.
      if (this.#text.length < TEXT_MAX) this.#text += bytes.toString("latin1");
    });
    this.socket.on("error", () => this.socket.destroy());
    this.socket.on("end", () => this.socket.end());
    context.after(() => this.socket.destroy());
  }

  get text(): string {
    return this.#text;
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  end(): void {
    this.socket.end();
  }

  /** A proxy that drains waits for what a client has in progress, so tests do not leave it there. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Once this has come. */
  async received(text: string): Promise<void> {
    await until(() => this.#text.includes(text));
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, "close");
  }
}

const TEXT_MAX = 100_000;
