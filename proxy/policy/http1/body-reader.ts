// A message's body as it comes in, however it is framed: which bytes are the body's, and where the message ends.

import { ChunkedBody } from "./chunked-body.ts";
import type { ChunkedProgress } from "./chunked-body.ts";
import type { AnswerFraming } from "./response-head.ts";

export class BodyReader {
  /** Where the body's bytes stand in what was read last: starts and ends in turn. */
  ranges: readonly number[] = [];
  /** How many they are. */
  rangeBytes = 0;
  /** Behind the message's bytes in what was read last. */
  end = 0;
  /** Nothing of the message is to come. */
  isDone = true;
  #framing: AnswerFraming = "none";
  #left = 0;
  readonly #chunked = new ChunkedBody();
  readonly #range = [0, 0];

  /** The lines behind a chunked body that may be passed on; "" for none. */
  get trailers(): string {
    return this.#framing === "chunked" ? this.#chunked.trailers : "";
  }

  /** @param length of a body that is framed by it. */
  start(framing: AnswerFraming, length: number): void {
    this.#framing = framing;
    this.#left = framing === "length" ? length : 0;
    this.isDone = framing === "none";
    if (framing === "chunked") this.#chunked.reset();
  }

  read(bytes: Buffer, from: number, to: number): ChunkedProgress {
    if (this.#framing === "chunked" && !this.isDone) return this.#readChunks(bytes, from, to);
    let end = to;
    if (this.isDone) end = from;
    else if (this.#framing === "length") {
      end = Math.min(to, from + this.#left);
      this.#left -= end - from;
      this.isDone = this.#left === 0;
    }
    this.#range[0] = from;
    this.#range[1] = end;
    this.ranges = this.#range;
    this.rangeBytes = end - from;
    this.end = end;
    return this.isDone ? "done" : "more";
  }

  /** The connection has ended, and a body that nothing else frames with it. */
  endWithConnection(): void {
    this.isDone = true;
    this.ranges = NO_RANGES;
    this.rangeBytes = 0;
  }

  #readChunks(bytes: Buffer, from: number, to: number): ChunkedProgress {
    const progress = this.#chunked.read(bytes, from, to);
    this.ranges = this.#chunked.ranges;
    this.rangeBytes = this.#chunked.bytes;
    this.isDone = progress === "done";
    this.end = this.isDone ? this.#chunked.end : to;
    return progress;
  }
}

const NO_RANGES: readonly number[] = [];
