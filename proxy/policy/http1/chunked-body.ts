// A chunked body (RFC 9112 §7.1) as it comes in: which of the bytes are the body's, and where it ends. Sizes and
// extensions are not passed on, the next hop gets chunks of our own, so that none of them can be read in another way.

import { FIELD } from "./field-kinds.ts";
import { FieldLines, INCOMPLETE } from "./field-lines.ts";
import { CARRIAGE_RETURN, FIELD_VALUE, HEX_DIGIT, LINE_FEED } from "./octets.ts";

/** Trailers of one message, and extensions of all its chunks: more than anybody sends, and they have to be bounded. */
export const TRAILER_BYTES_MAX = 8 * 1024;
export const EXTENSION_BYTES_MAX = 8 * 1024;
/** A chunk's size in digits: as much as a double counts exactly. */
const SIZE_DIGITS_MAX = 12;

export type ChunkedProgress = "more" | "done" | "malformed";

export class ChunkedBody {
  /** Where the body's bytes stand in what was read last: starts and ends in turn. */
  readonly ranges: number[] = [];
  /** How many they are. */
  bytes = 0;
  /** Behind the message, once it is done. */
  end = 0;
  /** The lines of its trailers that may be passed on; "" for none. */
  trailers = "";
  #state: ChunkState = "size";
  #digits = 0;
  #left = 0;
  #extension = "";
  #extensionBytes = 0;
  #trailerBytes: Buffer | undefined;
  readonly #trailerLines = new FieldLines();

  /** Before the next message. */
  reset(): void {
    this.#state = "size";
    this.#digits = 0;
    this.#left = 0;
    this.#extensionBytes = 0;
    this.#trailerBytes = undefined;
    this.trailers = "";
  }

  /** Reads the next bytes of the message, each once. */
  read(bytes: Buffer, from: number, to: number): ChunkedProgress {
    this.ranges.length = 0;
    this.bytes = 0;
    let at = from;
    while (at < to) {
      if (this.#state === "data") {
        const end = Math.min(to, at + this.#left);
        this.ranges.push(at, end);
        this.bytes += end - at;
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#state = "data-cr";
        continue;
      }
      if (this.#state === "trailers") return this.#readTrailers(bytes, at, to);
      if (!this.#step(bytes[at] ?? 0)) return "malformed";
      at += 1;
    }
    return "more";
  }

  /** One byte of a chunk's framing. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case "size":
        return this.#stepSize(byte);
      case "extension":
        return this.#stepExtension(byte);
      case "size-lf":
        this.#state = this.#left === 0 ? "trailers" : "data";
        this.#digits = 0;
        return byte === LINE_FEED;
      case "data-cr":
        this.#state = "data-lf";
        return byte === CARRIAGE_RETURN;
      case "data-lf":
        this.#state = "size";
        return byte === LINE_FEED;
      default:
        return false;
    }
  }

  #stepSize(byte: number): boolean {
    const digit = HEX_DIGIT[byte] ?? NO_DIGIT;
    if (digit < NO_DIGIT) {
      this.#digits += 1;
      this.#left = this.#left * 16 + digit;
      return this.#digits <= SIZE_DIGITS_MAX;
    }
    if (this.#digits === 0) return false;
    if (byte === CARRIAGE_RETURN) this.#state = "size-lf";
    else if (byte === SEMICOLON) {
      this.#state = "extension";
      this.#extension = ";";
    } else return false;
    return true;
  }

  /** Extensions have to be well-formed, although nobody gets to see them: what they hide could be read otherwise. */
  #stepExtension(byte: number): boolean {
    if (byte === CARRIAGE_RETURN) {
      this.#state = "size-lf";
      return EXTENSIONS.test(this.#extension);
    }
    this.#extensionBytes += 1;
    this.#extension += String.fromCharCode(byte);
    return this.#extensionBytes <= EXTENSION_BYTES_MAX && FIELD_VALUE[byte] === 1;
  }

  #readTrailers(bytes: Buffer, from: number, to: number): ChunkedProgress {
    const before = this.#trailerBytes?.length ?? 0;
    // Nearly always there is just the empty line.
    const all =
      this.#trailerBytes === undefined
        ? bytes.subarray(from, to)
        : Buffer.concat([this.#trailerBytes, bytes.subarray(from, to)]);
    if (before === 0) this.#trailerLines.reset();
    const end = this.#trailerLines.read(all, 0, all.length);
    if (end === INCOMPLETE && all.length <= TRAILER_BYTES_MAX) {
      this.#trailerBytes = Buffer.from(all);
      return "more";
    }
    if (end < 0 || end > TRAILER_BYTES_MAX) return "malformed";
    if (!this.#keepTrailers(all)) return "malformed";
    this.end = from + end - before;
    return "done";
  }

  /**
   * What concerns one hop only is not passed on (RFC 9110 §6.5.1).
   *
   * @returns false if a line frames or routes the message, which it is too late for.
   */
  #keepTrailers(bytes: Buffer): boolean {
    const lines = this.#trailerLines;
    for (let index = 0; index < lines.count; index++) {
      const kind = lines.kind(index);
      if (kind === FIELD.other) {
        this.trailers += bytes.toString("latin1", lines.start(index), lines.end(index));
      } else if (MISPLACED.has(kind)) return false;
    }
    return true;
  }
}

type ChunkState = "size" | "extension" | "size-lf" | "data" | "data-cr" | "data-lf" | "trailers";

// RFC 9112 §7.1.1, without the blanks that only bad implementations send.
const EXTENSIONS =
  /^(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)+$/;
const MISPLACED: ReadonlySet<number> = new Set([
  FIELD.host,
  FIELD.contentLength,
  FIELD.transferEncoding,
  FIELD.disguised,
]);
const NO_DIGIT = 16;
const SEMICOLON = 59;
