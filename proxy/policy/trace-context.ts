// W3C Trace Context, level 1: what a traceparent says, and a new one. Parsed as strictly as §3.2 asks for: what is not
// valid is as good as absent, and then its tracestate must not be believed either.

export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Whoever began the trace may have recorded it. */
  readonly isSampled: boolean;
}

const VERSION_00_LENGTH = 55;
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-|$)/;
const SAMPLED = 1;

/** @returns undefined for one that is not valid. A later version is read as far as this one goes (§3.2.2). */
export function parseTraceparent(text: string): TraceContext | undefined {
  const [, version, traceId, flags] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || traceId === undefined || flags === undefined) return undefined;
  if (version === "00" && text.length !== VERSION_00_LENGTH) return undefined;
  return { traceId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** @param parentId 16 hexadecimal digits, not all zero, as those of the trace's id are not. */
export function traceparentText({ traceId, isSampled }: TraceContext, parentId: string): string {
  return `00-${traceId}-${parentId}-${isSampled ? "01" : "00"}`;
}
