// A token bucket: tokens flow in at a steady rate up to a burst, each request takes one. Over any span of t seconds at
// most burst + rate·t requests pass. Time is an argument; a clock that steps back adds nothing and takes nothing.

export interface RateLimit {
  readonly requestsPerSecond: number;
  /** Requests that may pass at once after a quiet time; at least one, or nothing would ever pass. */
  readonly burst: number;
}

export interface TokenBucket {
  readonly tokens: number;
  readonly filledAtMs: number;
}

export type RateVerdict =
  | { readonly kind: "admitted"; readonly bucket: TokenBucket }
  | { readonly kind: "limited"; readonly bucket: TokenBucket; readonly retryAfterMs: number };

/** Takes one token, or says after how many milliseconds there will be one. */
export function takeToken(bucket: TokenBucket, limit: RateLimit, nowMs: number): RateVerdict {
  const filled = refill(bucket, limit, nowMs);
  // Sums of small fractions fall short of one by rounding; without the allowance a request at the promised time fails.
  if (filled.tokens >= 1 - ROUNDING_TOKENS) {
    return { kind: "admitted", bucket: { ...filled, tokens: Math.max(0, filled.tokens - 1) } };
  }
  const retryAfterMs =
    limit.requestsPerSecond > 0
      ? ((1 - filled.tokens) / limit.requestsPerSecond) * MS_PER_SECOND
      : Number.POSITIVE_INFINITY;
  return { kind: "limited", bucket: filled, retryAfterMs };
}

export function fullBucket(limit: RateLimit, nowMs: number): TokenBucket {
  return { tokens: capacity(limit), filledAtMs: nowMs };
}

/** The same bucket under a new limit: what was saved stays, as far as the new burst holds it. */
export function changeLimit(bucket: TokenBucket, limits: LimitChange, nowMs: number): TokenBucket {
  const filled = refill(bucket, limits.before, nowMs);
  return { ...filled, tokens: Math.min(filled.tokens, capacity(limits.after)) };
}

export interface LimitChange {
  readonly before: RateLimit;
  readonly after: RateLimit;
}

function refill(bucket: TokenBucket, limit: RateLimit, nowMs: number): TokenBucket {
  const elapsedMs = Math.max(0, nowMs - bucket.filledAtMs);
  const tokens = bucket.tokens + (elapsedMs / MS_PER_SECOND) * limit.requestsPerSecond;
  return { tokens: Math.min(capacity(limit), tokens), filledAtMs: nowMs };
}

function capacity(limit: RateLimit): number {
  return Math.max(1, limit.burst);
}

const MS_PER_SECOND = 1000;
const ROUNDING_TOKENS = 1e-9;
