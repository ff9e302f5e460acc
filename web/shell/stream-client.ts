// One browser's stream of server-sent events: compressed, bounded, and given up on when it takes nothing any more.

import type { ServerResponse } from "node:http";
import { constants, createGzip } from "node:zlib";
import type { Frame, StreamEvent } from "../policy/wire.ts";

/** A frame that is larger than this is no view: 5,000 nodes take half a MiB. */
const FRAME_CHARACTERS_MAX = 32 * 1024 ** 2;
/** With more than this on its way, a client is not sent anything further: it gets the sum of what changed later. */
const PENDING_BYTES_MAX = 64 * 1024;
/** A client that did not take a frame for this long is gone or too slow; its browser connects again by itself. */
const STUCK_MS_MAX = 30_000;

export class StreamClient {
  readonly #response: ServerResponse;
  readonly #gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  readonly #nowMs: () => number;
  #drainedAtMs: number;

  constructor(response: ServerResponse, { nowMs, retryMs }: { nowMs: () => number; retryMs: number }) {
    this.#response = response;
    this.#nowMs = nowMs;
    this.#drainedAtMs = nowMs();
    response.writeHead(200, {
      ...response.getHeaders(),
      "Content-Type": "text/event-stream; charset=utf-8",
      "Content-Encoding": "gzip",
      "Cache-Control": "no-store",
      // Buffering proxies in front would hold events back.
      "X-Accel-Buffering": "no",
    });
    this.#gzip.pipe(response);
    this.#write(`retry: ${retryMs}\n\n`);
  }

  get isDrained(): boolean {
    const { writableLength, readableLength } = this.#gzip;
    return writableLength + readableLength + this.#response.writableLength < PENDING_BYTES_MAX;
  }

  /** Whether nothing was taken for so long that nobody is waited for any more. */
  isStuck(): boolean {
    if (this.isDrained) this.#drainedAtMs = this.#nowMs();
    return this.#nowMs() - this.#drainedAtMs > STUCK_MS_MAX;
  }

  /** Sends an event with a frame. */
  send(event: StreamEvent, frame: Frame): void {
    const data = JSON.stringify(frame);
    if (data.length > FRAME_CHARACTERS_MAX) return this.end();
    this.#write(`event: ${event}\ndata: ${data}\n\n`);
  }

  beat(): void {
    this.#write("event: beat\ndata: {}\n\n");
  }

  end(): void {
    this.#gzip.end();
    this.#response.destroy();
  }

  #write(text: string): void {
    if (this.#response.destroyed) return;
    this.#gzip.write(text);
  }
}
