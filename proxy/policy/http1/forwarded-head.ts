// The head as the next hop gets it: the lines that belong to the message itself, as they were, and those of this hop
// written anew. No Via is added: common servers switch compression off for requests that carry one.

import { FIELD } from "./field-kinds.ts";
import type { FieldLines } from "./field-lines.ts";
import type { RequestHead } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";

export interface ForwardedRequest {
  readonly path: string;
  readonly host: string;
  /**
   * The client's address, for a server behind a reverse proxy; undefined where the destination is not to be told. The
   * last address in X-Forwarded-For is the one we saw.
   */
  readonly clientAddress: string | undefined;
}

/** What is said anew, instead of what the request says of it; undefined: as it came. */
export interface Renewed {
  /** Where a trace is started: its traceparent. */
  readonly trace: string | undefined;
  /** What is left of the request's time. */
  readonly remainingMs: number | undefined;
}

const NOTHING_RENEWED: Renewed = { trace: undefined, remainingMs: undefined };

/** Lines of the request's own head that are not passed on, by kind. */
const DROPPED_OF_REQUEST = dropped([
  FIELD.host,
  FIELD.transferEncoding,
  FIELD.connection,
  FIELD.keepAlive,
  FIELD.proxyConnection,
  FIELD.proxyAuthenticate,
  FIELD.proxyAuthorization,
  FIELD.te,
  FIELD.upgrade,
  FIELD.http2Settings,
]);
const DROPPED_WITH_CLIENT = withDropped(DROPPED_OF_REQUEST, [FIELD.forwardedFor]);
const TRACE_LINES = [FIELD.traceparent, FIELD.tracestate];
/** By whether the client is told, and whether a trace is started. */
const DROPPED_UNTIMED = [
  DROPPED_OF_REQUEST,
  DROPPED_WITH_CLIENT,
  withDropped(DROPPED_OF_REQUEST, TRACE_LINES),
  withDropped(DROPPED_WITH_CLIENT, TRACE_LINES),
] as const;
/** And, in the second half, where the request has a deadline. */
const DROPPED_LINES = [
  ...DROPPED_UNTIMED,
  ...DROPPED_UNTIMED.map((table) => withDropped(table, [FIELD.requestTimeout])),
];
const DROPPED_OF_RESPONSE = dropped([
  FIELD.transferEncoding,
  FIELD.connection,
  FIELD.keepAlive,
  FIELD.proxyConnection,
  FIELD.proxyAuthenticate,
  FIELD.upgrade,
  FIELD.te,
]);
// A length means nothing there, and a client that believes it waits for a body that never comes.
const DROPPED_WITHOUT_CONTENT = withDropped(DROPPED_OF_RESPONSE, [FIELD.contentLength]);

export function requestHeadText(
  head: RequestHead,
  { path, host, clientAddress }: ForwardedRequest,
  { trace, remainingMs }: Renewed = NOTHING_RENEWED,
): string {
  let text = `${head.method} ${path} HTTP/1.1\r\nHost: ${host}\r\n`;
  const told = clientAddress === undefined ? 0 : 1;
  const isDropped = DROPPED_LINES[told + (trace === undefined ? 0 : 2) + (remainingMs === undefined ? 0 : 4)];
  text += keptLines(head, isDropped ?? DROPPED_OF_REQUEST);
  if (clientAddress !== undefined) text += clientLines(head, clientAddress);
  if (trace !== undefined) text += `traceparent: ${trace}\r\n`;
  if (remainingMs !== undefined) text += `x-envoy-upstream-rq-timeout-ms: ${remainingMs}\r\n`;
  if (head.framing === "chunked") text += "Transfer-Encoding: chunked\r\n";
  else if (head.framing === "none" && isLengthMissing(head)) text += "Content-Length: 0\r\n";
  if (head.isUpgrade) text += SWITCHED;
  return `${text}\r\n`;
}

export interface ForwardedResponse {
  /** The framing of the body on the way to the client: without it, as the head says. */
  readonly isChunked: boolean;
  /** What the Connection field says; "" for no such field. */
  readonly connection: string;
}

export function responseHeadText(head: ResponseHead, { isChunked, connection }: ForwardedResponse): string {
  const isWithoutContent = head.statusCode === 204 || head.statusCode < 200;
  let text = `HTTP/1.1 ${head.status}\r\n`;
  text += keptLines(head, isWithoutContent ? DROPPED_WITHOUT_CONTENT : DROPPED_OF_RESPONSE);
  if (head.framing === "tunnel") text += SWITCHED;
  if (isChunked) text += "Transfer-Encoding: chunked\r\n";
  if (connection !== "") text += `Connection: ${connection}\r\n`;
  return `${text}\r\n`;
}

const SWITCHED = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

interface HeadText {
  readonly text: string;
  readonly fields: FieldLines;
  readonly connection: { readonly nominated: ReadonlySet<string> | undefined };
}

/** Neighbouring lines that stay are copied as one. */
function keptLines({ text, fields, connection: { nominated } }: HeadText, isDropped: Uint8Array): string {
  let kept = "";
  let from = -1;
  const { count } = fields;
  for (let index = 0; index < count; index++) {
    const isKept =
      isDropped[fields.kind(index)] === 0 &&
      (nominated === undefined || !nominated.has(nameAt(text, fields, index)));
    if (isKept) {
      if (from < 0) from = fields.start(index);
    } else if (from >= 0) {
      kept += text.slice(from, fields.start(index));
      from = -1;
    }
  }
  if (from >= 0) kept += text.slice(from, fields.end(count - 1));
  return kept;
}

/** Lines about the client, written anew. */
function clientLines(head: RequestHead, clientAddress: string): string {
  const { fields, text } = head;
  let addresses = "";
  let hasProto = false;
  for (let index = 0; index < fields.count; index++) {
    const kind = fields.kind(index);
    if (kind === FIELD.forwardedProto) hasProto = true;
    else if (kind === FIELD.forwardedFor) {
      addresses += `${text.slice(fields.valueStart(index), fields.valueEnd(index))}, `;
    }
  }
  const lines = `X-Forwarded-For: ${addresses}${clientAddress}\r\n`;
  // A proxy in front that ended TLS knows better than we do.
  return hasProto ? lines : `${lines}X-Forwarded-Proto: http\r\n`;
}

/** Without a length, a server may wait for the body of a method that usually has one. */
function isLengthMissing(head: RequestHead): boolean {
  const { method, fields } = head;
  if (method !== "POST" && method !== "PUT" && method !== "PATCH") return false;
  for (let index = 0; index < fields.count; index++) {
    if (fields.kind(index) === FIELD.contentLength) return false;
  }
  return true;
}

function nameAt(text: string, fields: FieldLines, index: number): string {
  return text.slice(fields.start(index), fields.nameEnd(index)).toLowerCase();
}

function dropped(kinds: readonly number[]): Uint8Array {
  return withDropped(new Uint8Array(32), kinds);
}

function withDropped(others: Uint8Array, kinds: readonly number[]): Uint8Array {
  const table = Uint8Array.from(others);
  for (const kind of kinds) table[kind] = 1;
  return table;
}
