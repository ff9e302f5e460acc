// The field lines of a head or of trailers: where each name and value stands. Fed with the bytes as far as they have
// come, it goes on from the line it stopped at. Lines end with CRLF and nothing else; no line is continued on the next
// (RFC 9112 §5), and no blank stands before a colon.

import { FIELD, fieldKindOf } from "./field-kinds.ts";
import { CARRIAGE_RETURN, COLON, FIELD_VALUE, isBlank, LINE_FEED, TOKEN } from "./octets.ts";

/** Twice what browsers and service meshes send in practice. */
const FIELDS_MAX = 100;

/** What `read` returns instead of an offset. */
export const INCOMPLETE = -1;
export const MALFORMED = -2;
export const TOO_MANY = -3;

const STRIDE = 5;

export class FieldLines {
  count = 0;
  /** Per line: where it starts, where its name ends, where its value starts and ends, where the next line starts. */
  readonly #offsets = new Int32Array(FIELDS_MAX * STRIDE);
  readonly #kinds = new Uint8Array(FIELDS_MAX);
  #at = -1;

  /** Forgets all lines. */
  reset(): void {
    this.count = 0;
    this.#at = -1;
  }

  /**
   * Reads lines up to the empty one. Called again with more of the same bytes it goes on where it was.
   *
   * @returns the offset behind the empty line, or INCOMPLETE, MALFORMED or TOO_MANY.
   */
  read(bytes: Uint8Array, from: number, to: number): number {
    let at = this.#at < 0 ? from : this.#at;
    for (;;) {
      if (at >= to) break;
      if (bytes[at] === CARRIAGE_RETURN) {
        if (at + 1 >= to) break;
        return bytes[at + 1] === LINE_FEED ? at + 2 : MALFORMED;
      }
      const next = this.#readLine(bytes, at, to);
      if (next === INCOMPLETE) break;
      if (next < 0) return next;
      at = next;
    }
    this.#at = at;
    return INCOMPLETE;
  }

  kind(index: number): number {
    return this.#kinds[index] ?? FIELD.other;
  }

  start(index: number): number {
    return this.#offsets[index * STRIDE] ?? 0;
  }

  nameEnd(index: number): number {
    return this.#offsets[index * STRIDE + 1] ?? 0;
  }

  valueStart(index: number): number {
    return this.#offsets[index * STRIDE + 2] ?? 0;
  }

  valueEnd(index: number): number {
    return this.#offsets[index * STRIDE + 3] ?? 0;
  }

  /** Behind the line's CRLF. */
  end(index: number): number {
    return this.#offsets[index * STRIDE + 4] ?? 0;
  }

  #readLine(bytes: Uint8Array, start: number, to: number): number {
    let at = start;
    while (at < to && TOKEN[bytes[at] ?? 0] === 1) at += 1;
    const nameEnd = at;
    if (at >= to) return INCOMPLETE;
    if (bytes[at] !== COLON || nameEnd === start) return MALFORMED;
    at += 1;
    while (at < to && isBlank(bytes[at])) at += 1;
    const valueStart = at;
    while (at < to && FIELD_VALUE[bytes[at] ?? 0] === 1) at += 1;
    if (at >= to) return INCOMPLETE;
    if (bytes[at] !== CARRIAGE_RETURN) return MALFORMED;
    if (at + 1 >= to) return INCOMPLETE;
    if (bytes[at + 1] !== LINE_FEED) return MALFORMED;
    if (this.count === FIELDS_MAX) return TOO_MANY;
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd -= 1;
    const offset = this.count * STRIDE;
    this.#offsets[offset] = start;
    this.#offsets[offset + 1] = nameEnd;
    this.#offsets[offset + 2] = valueStart;
    this.#offsets[offset + 3] = valueEnd;
    this.#offsets[offset + 4] = at + 2;
    this.#kinds[this.count] = fieldKindOf(bytes, start, nameEnd);
    this.count += 1;
    return at + 2;
  }
}
