// The head of a destination's answer, read as strictly as a request's: an answer of which two readings are possible is
// not passed on. One object per connection, used again for each answer.

import { connectionOptions, NO_OPTIONS } from "./connection-field.ts";
import type { ConnectionOptions } from "./connection-field.ts";
import { FIELD } from "./field-kinds.ts";
import { FieldLines } from "./field-lines.ts";
import { CARRIAGE_RETURN, FIELD_VALUE, LINE_FEED } from "./octets.ts";
import type { HeadProgress } from "./request-head.ts";

/** All of an answer's head; above what servers allow themselves by default. */
const ANSWER_HEAD_BYTES_MAX = 64 * 1024;

/** `close`: the body ends with the connection. `tunnel`: what follows is no HTTP any more. */
export type AnswerFraming = "none" | "length" | "chunked" | "close" | "tunnel";

/** What the answer belongs to decides how its body is framed. */
export interface AnsweredRequest {
  readonly isHeadMethod: boolean;
  readonly isUpgrade: boolean;
}

export class ResponseHead {
  statusCode = 0;
  /** Status line without the version: the code, a blank and the reason phrase. */
  status = "";
  framing: AnswerFraming = "none";
  contentLength = 0;
  isPersistent = false;
  connection: ConnectionOptions = NO_OPTIONS;
  /** The head's bytes as characters; the offsets of `fields` are into it. */
  text = "";
  readonly fields = new FieldLines();
  /** Behind the head, once it is complete. */
  end = 0;
  #lineEnd = 0;
  #isHttp10 = false;

  /** Before the next answer. */
  reset(): void {
    this.fields.reset();
    this.#lineEnd = 0;
    this.text = "";
  }

  /** As RequestHead's, over the bytes from `from` to `to`. */
  read(bytes: Buffer, to: number, request: AnsweredRequest): HeadProgress {
    if (this.#lineEnd === 0) {
      const lineEnd = this.#readStatusLine(bytes, to);
      if (lineEnd < -1) return "refused";
      if (lineEnd < 0) return to > ANSWER_HEAD_BYTES_MAX ? "refused" : "incomplete";
      this.#lineEnd = lineEnd;
    }
    const end = this.fields.read(bytes, this.#lineEnd, to);
    if (end < -1 || end > ANSWER_HEAD_BYTES_MAX) return "refused";
    if (end < 0) return to > ANSWER_HEAD_BYTES_MAX ? "refused" : "incomplete";
    this.end = end;
    this.text = bytes.toString("latin1", 0, end);
    this.status = this.text.slice(STATUS_AT, this.#lineEnd - 2);
    return this.#interpret(request) ? "complete" : "refused";
  }

  #readStatusLine(bytes: Uint8Array, to: number): number {
    for (let index = 0; index < VERSION.length; index++) {
      if (index >= to) return -1;
      if (bytes[index] !== VERSION[index] && (index !== MINOR_AT || bytes[index] !== ZERO)) return -2;
    }
    this.#isHttp10 = bytes[MINOR_AT] === ZERO;
    let at = STATUS_AT;
    let statusCode = 0;
    for (; at < STATUS_AT + 3; at++) {
      if (at >= to) return -1;
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) return -2;
      statusCode = statusCode * 10 + digit;
    }
    if (at < to && bytes[at] !== CARRIAGE_RETURN && bytes[at] !== SPACE) return -2;
    while (at < to && FIELD_VALUE[bytes[at] ?? 0] === 1) at += 1;
    if (at + 1 >= to) return at < to && bytes[at] !== CARRIAGE_RETURN ? -2 : -1;
    if (bytes[at] !== CARRIAGE_RETURN || bytes[at + 1] !== LINE_FEED) return -2;
    this.statusCode = statusCode;
    return at + 2;
  }

  /** @returns false if two readings are possible. */
  #interpret(request: AnsweredRequest): boolean {
    const { fields, statusCode } = this;
    let length: string | undefined;
    let coding: string | undefined;
    let connection: string | undefined;
    for (let index = 0; index < fields.count; index++) {
      switch (fields.kind(index)) {
        case FIELD.contentLength:
          if (length !== undefined) return false;
          length = this.#value(index);
          break;
        case FIELD.transferEncoding:
          if (coding !== undefined) return false;
          coding = this.#value(index);
          break;
        case FIELD.connection:
          connection = connection === undefined ? this.#value(index) : `${connection},${this.#value(index)}`;
          break;
      }
    }
    this.connection = connection === undefined ? NO_OPTIONS : connectionOptions(connection);
    this.isPersistent = !this.connection.isClose && (!this.#isHttp10 || this.connection.isKeepAlive);
    if (statusCode < 100 || statusCode > 599) return false;
    if (statusCode === 101 && (!request.isUpgrade || !this.connection.isUpgrade)) return false;
    if (coding !== undefined && (length !== undefined || this.#isHttp10)) return false;
    if (length !== undefined && !LENGTH.test(length)) return false;
    this.contentLength = Number(length ?? "0");
    if (statusCode === 101) this.framing = "tunnel";
    else if (request.isHeadMethod || statusCode < 200 || statusCode === 204 || statusCode === 304) {
      this.framing = "none";
    } else if (coding !== undefined) {
      if (coding.toLowerCase() !== "chunked") return false;
      this.framing = "chunked";
    } else if (length === undefined) this.framing = "close";
    else this.framing = this.contentLength > 0 ? "length" : "none";
    if (this.framing === "close" || this.framing === "tunnel") this.isPersistent = false;
    return true;
  }

  #value(index: number): string {
    return this.text.slice(this.fields.valueStart(index), this.fields.valueEnd(index));
  }
}

const VERSION = Uint8Array.from("HTTP/1.1 ", (char) => char.charCodeAt(0));
const MINOR_AT = 7;
const STATUS_AT = VERSION.length;
const SPACE = 32;
const ZERO = 48;
// As many digits as a double counts exactly.
const LENGTH = /^[0-9]{1,15}$/;
