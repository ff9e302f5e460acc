// Headers of HTTP/2 as the next hop gets them. Names are in small letters there, and most of what concerns one hop only
// is forbidden anyway (RFC 9113 §8.2.2).

import { constants } from "node:http2";
import type { IncomingHttpHeaders, IncomingHttpStatusHeader, OutgoingHttpHeaders } from "node:http2";

const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

export function forwardedRequestHeaders(
  headers: IncomingHttpHeaders,
  clientAddress: string,
): OutgoingHttpHeaders {
  const kept = endToEnd(headers);
  const authority = headers[constants.HTTP2_HEADER_AUTHORITY] ?? headers.host;
  // Two names of one host could differ, and the pseudo-header counts.
  delete kept["host"];
  if (authority !== undefined) kept[constants.HTTP2_HEADER_AUTHORITY] = authority;
  kept[constants.HTTP2_HEADER_SCHEME] = "http";
  const before = headers["x-forwarded-for"];
  kept["x-forwarded-for"] = before === undefined ? clientAddress : `${String(before)}, ${clientAddress}`;
  kept["x-forwarded-proto"] ??= "http";
  return kept;
}

export function forwardedResponseHeaders(
  headers: IncomingHttpHeaders & IncomingHttpStatusHeader,
): OutgoingHttpHeaders {
  return endToEnd(headers);
}

function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!HOP_BY_HOP.has(name)) kept[name] = value;
  }
  return kept;
}
