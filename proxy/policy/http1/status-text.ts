// What a status line says after the code, for the codes that the proxy answers with itself. node:http knows all of them,
// but with it every instance would load all of Node's HTTP.

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  408: "Request Timeout",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** The reason phrase of RFC 9110; "" for a code that the proxy never answers with. */
export function statusText(code: number): string {
  return STATUS_TEXTS[code] ?? "";
}
