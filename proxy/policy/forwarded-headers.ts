// Which headers pass a proxy. Headers are flat lists of name, value, name, value, as received: order, case and
// duplicates stay as they are. Hop-by-hop headers (RFC 9110 §7.6.1) end here, and the framing is written anew.
// No Via is added: common servers switch compression off for requests that carry one.

export type FlatHeaders = readonly string[];

/** Only the headers that belong to the message itself, not to this connection. */
export function endToEndHeaders(headers: FlatHeaders): string[] {
  const nominated = nominatedHeaders(headers);
  const kept: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || nominated?.has(lower) === true) continue;
    kept.push(name, headers[index + 1] ?? "");
  }
  return kept;
}

/** What a server behind a reverse proxy is told of the client; the last address in the list is the one we saw. */
export function withForwardedFor(headers: FlatHeaders, clientAddress: string): string[] {
  const kept: string[] = [];
  const addresses: string[] = [];
  let hasProto = false;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    const value = headers[index + 1] ?? "";
    const lower = name.toLowerCase();
    if (lower === "x-forwarded-for") {
      addresses.push(value);
      continue;
    }
    if (lower === "x-forwarded-proto") hasProto = true;
    kept.push(name, value);
  }
  kept.push("X-Forwarded-For", [...addresses, clientAddress].join(", "));
  // A proxy in front that ended TLS knows better than we do.
  if (!hasProto) kept.push("X-Forwarded-Proto", "http");
  return kept;
}

/** The same headers with exactly one Host. */
export function withHost(headers: FlatHeaders, host: string): string[] {
  const kept: string[] = ["Host", host];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (name.toLowerCase() !== "host") kept.push(name, headers[index + 1] ?? "");
  }
  return kept;
}

/** The value of a header, or undefined; the first if it stands more than once. `name` in lower case. */
export function headerValue(headers: FlatHeaders, name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === name) return headers[index + 1];
  }
  return undefined;
}

const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

// A client must not be able to strip what the next hop relies on by nominating it.
const NEVER_NOMINATED = new Set(["host", "content-length", "x-forwarded-for", "x-forwarded-proto"]);

function nominatedHeaders(headers: FlatHeaders): ReadonlySet<string> | undefined {
  let nominated: Set<string> | undefined;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() !== "connection") continue;
    for (const token of (headers[index + 1] ?? "").split(",")) {
      const name = token.trim().toLowerCase();
      if (name === "" || NEVER_NOMINATED.has(name)) continue;
      nominated ??= new Set();
      nominated.add(name);
    }
  }
  return nominated;
}
