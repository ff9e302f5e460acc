// The load's connection over HTTP/2: any number of requests at once, each answered when its stream ends.

import { connect } from "node:net";
import type { Socket } from "node:net";

import {
  ACK,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  FrameReader,
  literal,
  openWindow,
  PREFACE,
  STATUS_200,
} from "./http2-frames.ts";
import type { FrameHead } from "./http2-frames.ts";
import type { LoadClient } from "./load-client.ts";

/** `:method: GET` and `:scheme: http` stand in the static table. */
const REQUEST = Buffer.concat([
  Buffer.from([0x82, 0x86]),
  literal(":path", "/api/items?page=2"),
  literal(":authority", "cart.shop.svc.cluster.local"),
  literal("user-agent", "bench/1"),
  literal("accept", "application/json"),
  literal("x-request-id", "6f1c2b7a-8d15-4a37-9f0e-2f6f1c1b7a10"),
]);

/** One connection, which several clients share. */
export class Http2Connection {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (latencyMs: number) => void>();
  readonly #since = new Map<number, number>();
  #stream = -1;

  constructor(port: number, failed: () => void) {
    const reader = new FrameReader((head, payload) => this.#seen(head, payload));
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (bytes: Buffer) => reader.read(bytes));
    this.#socket.on("error", failed);
    this.#socket.on("end", failed);
    this.#socket.write(
      Buffer.concat([
        Buffer.from(PREFACE),
        frame({ kind: FRAME.settings, flags: 0, stream: 0 }),
        openWindow(),
      ]),
    );
  }

  client(answered: (client: LoadClient, latencyMs: number) => void): LoadClient {
    const client: LoadClient = {
      send: (dueMs) => {
        this.#stream += 2;
        this.#since.set(this.#stream, dueMs);
        this.#waiting.set(this.#stream, (latencyMs) => answered(client, latencyMs));
        this.#socket.write(
          frame({ kind: FRAME.headers, flags: END_STREAM | END_HEADERS, stream: this.#stream }, REQUEST),
        );
      },
      destroy: () => this.#socket.destroy(),
    };
    return client;
  }

  #seen({ kind, flags, stream }: FrameHead, payload: Buffer): void {
    if (kind === FRAME.settings && (flags & ACK) === 0) {
      this.#socket.write(frame({ kind: FRAME.settings, flags: ACK, stream: 0 }));
    } else if (kind === FRAME.ping && (flags & ACK) === 0) {
      this.#socket.write(frame({ kind: FRAME.ping, flags: ACK, stream: 0 }, payload));
    } else if (kind === FRAME.goaway) throw new Error("the server ended a connection");
    else if (kind === FRAME.headers && payload[0] !== STATUS_200) throw new Error("an answer other than 200");
    const isEnd = (kind === FRAME.data || kind === FRAME.headers) && (flags & END_STREAM) !== 0;
    if (!isEnd) return;
    const sinceMs = this.#since.get(stream) ?? 0;
    const answered = this.#waiting.get(stream);
    this.#since.delete(stream);
    this.#waiting.delete(stream);
    answered?.(performance.now() - sinceMs);
  }
}
