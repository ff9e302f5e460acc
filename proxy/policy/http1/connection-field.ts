// What the Connection fields of a message ask of this hop (RFC 9110 §7.6.1).

export interface ConnectionOptions {
  readonly isClose: boolean;
  readonly isKeepAlive: boolean;
  readonly isUpgrade: boolean;
  /** Names of fields, in lower case, that are meant for this hop only. */
  readonly nominated: ReadonlySet<string> | undefined;
}

export const NO_OPTIONS: ConnectionOptions = {
  isClose: false,
  isKeepAlive: false,
  isUpgrade: false,
  nominated: undefined,
};
const KEEP_ALIVE: ConnectionOptions = { ...NO_OPTIONS, isKeepAlive: true };
const CLOSE: ConnectionOptions = { ...NO_OPTIONS, isClose: true };

/** @param value of one Connection field, or of several joined by commas. */
export function connectionOptions(value: string): ConnectionOptions {
  // What nearly every message says.
  if (value === "keep-alive") return KEEP_ALIVE;
  if (value === "close") return CLOSE;
  const tokens = new Set(value.split(",").map((token) => token.trim().toLowerCase()));
  const nominated = new Set([...tokens].filter((name) => name !== "" && !OPTIONS.has(name)));
  return {
    isClose: tokens.has("close"),
    isKeepAlive: tokens.has("keep-alive"),
    isUpgrade: tokens.has("upgrade"),
    nominated: nominated.size > 0 ? nominated : undefined,
  };
}

// The options themselves, and what a client must not be able to strip before the next hop by nominating it.
const OPTIONS = new Set([
  "close",
  "keep-alive",
  "upgrade",
  "host",
  "content-length",
  "transfer-encoding",
  "x-forwarded-for",
  "x-forwarded-proto",
]);

/** What an answer's Connection field says; "" for no such field. */
export function answerConnection({ isHttp10 }: { readonly isHttp10: boolean }, mustClose: boolean): string {
  if (mustClose) return "close";
  return isHttp10 ? "keep-alive" : "";
}
