// The head of a request, read strictly: whatever two servers could read differently is refused here, before anything
// reaches an app (RFC 9112 §3.2, §6.1, §6.3, §11.2). One object per connection, used again for each of its requests.

import type { AnswerableReason } from "../reasons.ts";
import { connectionOptions, NO_OPTIONS } from "./connection-field.ts";
import type { ConnectionOptions } from "./connection-field.ts";
import { FIELD } from "./field-kinds.ts";
import { FieldLines, MALFORMED, TOO_MANY } from "./field-lines.ts";
import { CARRIAGE_RETURN, LINE_FEED, TARGET, TOKEN } from "./octets.ts";

/** All of a head's bytes; what servers in common use allow. */
export const HEAD_BYTES_MAX = 16 * 1024;

export type BodyFraming = "none" | "length" | "chunked";

export type HeadProgress = "incomplete" | "complete" | "refused";

export class RequestHead {
  method = "";
  target = "";
  isHttp10 = false;
  framing: BodyFraming = "none";
  /** Of a body framed by its length. */
  contentLength = 0;
  /** Of the Host field; undefined if there is none. */
  host: string | undefined;
  connection: ConnectionOptions = NO_OPTIONS;
  /** The client waits for a 100 before it sends the body. */
  isContinueExpected = false;
  /** It asks for a WebSocket, the only protocol to which a connection may be switched. */
  isUpgrade = false;
  /** Why it was refused. */
  reason: AnswerableReason = "malformedRequest";
  /** The head's bytes as characters; the offsets of `fields` are into it. */
  text = "";
  readonly fields = new FieldLines();
  /** Behind the head, once it is complete. */
  end = 0;
  #methodEnd = 0;
  #targetEnd = 0;
  #lineEnd = 0;
  #start = 0;

  /** Before the next request. */
  reset(): void {
    this.fields.reset();
    this.#lineEnd = 0;
    this.text = "";
    this.method = "";
  }

  /** The client would send another request on the same connection. */
  get isPersistent(): boolean {
    if (this.connection.isClose) return false;
    return !this.isHttp10 || this.connection.isKeepAlive;
  }

  /**
   * Reads as far as the bytes go, which stand from 0 to `to`: the same ones again, and more, with every call.
   *
   * @returns complete or refused only once.
   */
  read(bytes: Buffer, to: number): HeadProgress {
    if (this.#lineEnd === 0) {
      const lineEnd = this.#readRequestLine(bytes, to);
      if (lineEnd === MALFORMED) return this.#refuse("malformedRequest");
      if (lineEnd < 0) return to > HEAD_BYTES_MAX ? this.#refuse("headersTooLarge") : "incomplete";
      this.#lineEnd = lineEnd;
    }
    const end = this.fields.read(bytes, this.#lineEnd, to);
    if (end === MALFORMED) return this.#refuse("malformedRequest");
    if (end === TOO_MANY) return this.#refuse("headersTooLarge");
    if (end > HEAD_BYTES_MAX || (end < 0 && to > HEAD_BYTES_MAX)) return this.#refuse("headersTooLarge");
    if (end < 0) return "incomplete";
    this.end = end;
    this.text = bytes.toString("latin1", 0, end);
    return this.#interpret();
  }

  #readRequestLine(bytes: Uint8Array, to: number): number {
    let at = 0;
    // One empty line before the request is what old clients send after a body (RFC 9112 §2.2).
    if (bytes[0] === CARRIAGE_RETURN) {
      if (to < 2) return INCOMPLETE_LINE;
      if (bytes[1] !== LINE_FEED) return MALFORMED;
      at = 2;
    }
    const start = at;
    while (at < to && TOKEN[bytes[at] ?? 0] === 1) at += 1;
    if (at >= to) return at - start > METHOD_LENGTH_MAX ? MALFORMED : INCOMPLETE_LINE;
    if (bytes[at] !== SPACE || at === start || at - start > METHOD_LENGTH_MAX) return MALFORMED;
    this.#methodEnd = at;
    at += 1;
    while (at < to && TARGET[bytes[at] ?? 0] === 1) at += 1;
    if (at >= to) return INCOMPLETE_LINE;
    if (bytes[at] !== SPACE || at === this.#methodEnd + 1) return MALFORMED;
    this.#targetEnd = at;
    at += 1;
    for (let index = 0; index < VERSION.length; index++, at++) {
      if (at >= to) return INCOMPLETE_LINE;
      if (bytes[at] !== VERSION[index] && (index !== MINOR_AT || bytes[at] !== ZERO)) return MALFORMED;
    }
    this.isHttp10 = bytes[at - 3] === ZERO;
    this.#start = start;
    return at;
  }

  #interpret(): HeadProgress {
    const { text } = this;
    this.method = text.slice(this.#start, this.#methodEnd);
    this.target = text.slice(this.#methodEnd + 1, this.#targetEnd);
    this.framing = "none";
    this.contentLength = 0;
    this.host = undefined;
    this.connection = NO_OPTIONS;
    this.isContinueExpected = false;
    this.isUpgrade = false;
    const reason = isTargetFormed(this.target, this.method) ? this.#readFields() : "malformedRequest";
    return reason === undefined ? "complete" : this.#refuse(reason);
  }

  #readFields(): AnswerableReason | undefined {
    const { fields } = this;
    let length: string | undefined;
    let coding: string | undefined;
    let connection: string | undefined;
    let upgrade: string | undefined;
    for (let index = 0; index < fields.count; index++) {
      switch (fields.kind(index)) {
        case FIELD.other:
          break;
        case FIELD.host:
          if (this.host !== undefined) return "ambiguousRequest";
          this.host = this.#value(index);
          if (!HOST.test(this.host)) return "malformedRequest";
          break;
        case FIELD.contentLength:
          if (length !== undefined) return "ambiguousRequest";
          length = this.#value(index);
          break;
        case FIELD.transferEncoding:
          if (coding !== undefined) return "ambiguousRequest";
          coding = this.#value(index);
          break;
        case FIELD.disguised:
          return "ambiguousRequest";
        case FIELD.connection:
          connection = connection === undefined ? this.#value(index) : `${connection},${this.#value(index)}`;
          break;
        case FIELD.upgrade:
          upgrade = this.#value(index);
          break;
        case FIELD.expect:
          this.isContinueExpected = !this.isHttp10 && this.#value(index).toLowerCase() === "100-continue";
          break;
      }
    }
    if (this.host === undefined && !this.isHttp10) return "malformedRequest";
    if (connection !== undefined) this.connection = connectionOptions(connection);
    const refusal = this.#readFraming(length, coding);
    if (refusal !== undefined) return refusal;
    this.isUpgrade =
      upgrade !== undefined &&
      this.connection.isUpgrade &&
      this.method === "GET" &&
      this.framing === "none" &&
      !this.isHttp10 &&
      upgrade.toLowerCase() === "websocket";
    return undefined;
  }

  #readFraming(length: string | undefined, coding: string | undefined): AnswerableReason | undefined {
    if (coding !== undefined) {
      if (length !== undefined || this.isHttp10) return "ambiguousRequest";
      if (coding.toLowerCase() !== "chunked") return "codingUnsupported";
      this.framing = "chunked";
    } else if (length !== undefined) {
      if (!LENGTH.test(length)) return "ambiguousRequest";
      this.contentLength = Number(length);
      if (this.contentLength > 0) this.framing = "length";
    }
    // A tunnel has no body; what follows its head belongs to the destination (RFC 9110 §9.3.6).
    if (this.method === "CONNECT" && (coding !== undefined || length !== undefined))
      return "ambiguousRequest";
    return undefined;
  }

  /** Of the Traceparent field; undefined if there is none, or more than one, which is as good as none. */
  get traceparent(): string | undefined {
    return this.#only(FIELD.traceparent);
  }

  /** What the sender says that the request may take; undefined as above. */
  get requestTimeout(): string | undefined {
    return this.#only(FIELD.requestTimeout);
  }

  #only(kind: number): string | undefined {
    let found: string | undefined;
    for (let index = 0; index < this.fields.count; index++) {
      if (this.fields.kind(index) !== kind) continue;
      if (found !== undefined) return undefined;
      found = this.#value(index);
    }
    return found;
  }

  #value(index: number): string {
    return this.text.slice(this.fields.valueStart(index), this.fields.valueEnd(index));
  }

  #refuse(reason: AnswerableReason): HeadProgress {
    this.reason = reason;
    return "refused";
  }
}

/** One of the four forms of RFC 9112 §3.2, as far as the method allows it. */
function isTargetFormed(target: string, method: string): boolean {
  if (method === "CONNECT") return AUTHORITY.test(target);
  return target.startsWith("/") || ABSOLUTE.test(target) || (target === "*" && method === "OPTIONS");
}

const AUTHORITY = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$/;
const ABSOLUTE = /^https?:\/\/(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?(?:[/?]|$)/i;
const INCOMPLETE_LINE = -1;
const SPACE = 32;
const ZERO = 48;
/** Longer than any that is registered. */
const METHOD_LENGTH_MAX = 32;
const VERSION = Uint8Array.from("HTTP/1.1\r\n", (char) => char.charCodeAt(0));
const MINOR_AT = 7;
// The characters of a reg-name, an IP literal and a port; an empty Host is allowed by RFC 9112 §3.2.
const HOST = /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]*$/;
// As many digits as a double counts exactly.
const LENGTH = /^[0-9]{1,15}$/;
