// Where a request asks to go (RFC 9112 §3.2). On the outbound port the target is an absolute http:// URI; on the inbound
// port it may be one, and then its authority counts and Host does not.

export interface AbsoluteTarget {
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** What a Host header says: IPv6 in brackets, the port unless it is 80. */
  readonly authority: string;
  /** Path and query, at least "/"; "*" for OPTIONS on a whole server. */
  readonly path: string;
}

/** @returns undefined if the target is not an absolute http:// URI with a host and without user information. */
export function parseAbsoluteTarget(target: string, method = "GET"): AbsoluteTarget | undefined {
  const match = ABSOLUTE.exec(target);
  if (match === null) return undefined;
  const authority = parseAuthority(match[1] ?? "");
  if (authority === undefined) return undefined;
  const rest = match[2] ?? "";
  // RFC 9112 §3.2.4: an absolute OPTIONS without path or query asks about the whole server.
  if (rest === "") return { ...authority, path: method === "OPTIONS" ? "*" : "/" };
  return { ...authority, path: rest.startsWith("/") ? rest : `/${rest}` };
}

/** @returns undefined if the target is not the host and port that CONNECT asks for. */
export function parseTunnelTarget(target: string): AbsoluteTarget | undefined {
  if (!TUNNEL_PORT.test(target)) return undefined;
  const authority = parseAuthority(target);
  return authority === undefined ? undefined : { ...authority, path: "" };
}

const HTTP_PORT = 80;
const PORT_MAX = 65_535;
const TUNNEL_PORT = /:\d{1,5}$/;
// A fragment has no place in a request, so "#" ends up in no group and the target does not match.
const ABSOLUTE = /^http:\/\/([^/?#@]+)([/?][^#]*)?$/i;
const IPV6_AUTHORITY = /^\[([0-9A-Fa-f:.]+)\](?::(\d{0,5}))?$/;
const NAME_AUTHORITY = /^([A-Za-z0-9._~-]+)(?::(\d{0,5}))?$/;

function parseAuthority(text: string): Omit<AbsoluteTarget, "path"> | undefined {
  const bracketed = IPV6_AUTHORITY.exec(text);
  const match = bracketed ?? NAME_AUTHORITY.exec(text);
  if (match === null) return undefined;
  const host = (match[1] ?? "").toLowerCase();
  const port = match[2] === undefined || match[2] === "" ? HTTP_PORT : Number(match[2]);
  if (port < 1 || port > PORT_MAX) return undefined;
  const shown = bracketed === null ? host : `[${host}]`;
  return { host, port, authority: port === HTTP_PORT ? shown : `${shown}:${port}` };
}
