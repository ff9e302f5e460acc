// The fields whose names mean something to a proxy, told from all others without making a string of the name.

export const FIELD = {
  other: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  keepAlive: 5,
  proxyConnection: 6,
  proxyAuthenticate: 7,
  proxyAuthorization: 8,
  te: 9,
  trailer: 10,
  upgrade: 11,
  http2Settings: 12,
  expect: 13,
  forwardedFor: 14,
  forwardedProto: 15,
  /** `content_length` and the like: servers that make CGI variables of names take it for the real one. */
  disguised: 16,
  traceparent: 17,
  tracestate: 18,
  requestTimeout: 19,
} as const;

export type FieldKind = (typeof FIELD)[keyof typeof FIELD];

/** @param bytes holds the name from `start` to `end`, all of it token characters. */
export function fieldKindOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > NAME_LENGTH_MAX) return FIELD.other;
  const kind = KINDS[keyOf(length, bytes[start] ?? 0)] ?? FIELD.other;
  if (kind === FIELD.other) return kind;
  const name = NAMES_BY_KIND[kind] ?? EMPTY;
  let isDisguised = false;
  for (let index = 0; index < length; index++) {
    const byte = bytes[start + index] ?? 0;
    if ((byte | CASE_BIT) === name[index]) continue;
    if (byte !== UNDERSCORE || name[index] !== HYPHEN) return FIELD.other;
    isDisguised = true;
  }
  if (!isDisguised) return kind;
  return kind === FIELD.contentLength || kind === FIELD.transferEncoding ? FIELD.disguised : FIELD.other;
}

const NAMES: readonly (readonly [name: string, kind: FieldKind])[] = [
  ["host", FIELD.host],
  ["content-length", FIELD.contentLength],
  ["transfer-encoding", FIELD.transferEncoding],
  ["connection", FIELD.connection],
  ["keep-alive", FIELD.keepAlive],
  ["proxy-connection", FIELD.proxyConnection],
  ["proxy-authenticate", FIELD.proxyAuthenticate],
  ["proxy-authorization", FIELD.proxyAuthorization],
  ["te", FIELD.te],
  ["trailer", FIELD.trailer],
  ["upgrade", FIELD.upgrade],
  ["http2-settings", FIELD.http2Settings],
  ["expect", FIELD.expect],
  ["x-forwarded-for", FIELD.forwardedFor],
  ["x-forwarded-proto", FIELD.forwardedProto],
  ["traceparent", FIELD.traceparent],
  ["tracestate", FIELD.tracestate],
  ["x-envoy-upstream-rq-timeout-ms", FIELD.requestTimeout],
];

const NAME_LENGTH_MAX = Math.max(...NAMES.map(([name]) => name.length));
const CASE_BIT = 0x20;
const HYPHEN = 0x2d;
const UNDERSCORE = 0x5f;
const EMPTY = new Uint8Array();
const NAMES_BY_KIND: Uint8Array[] = [];
/** By length and first letter, which no two of the names have in common. */
const KINDS = new Uint8Array((NAME_LENGTH_MAX + 1) * 32);
for (const [name, kind] of NAMES) {
  NAMES_BY_KIND[kind] = Uint8Array.from(name, (char) => char.charCodeAt(0));
  KINDS[keyOf(name.length, name.charCodeAt(0))] = kind;
}

function keyOf(length: number, firstByte: number): number {
  return length * 32 + (firstByte & 31);
}
