// How long to wait before the next start of something that died: doubling from `firstMs`, never above `maxMs`.

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** @param failures deaths in a row, this one counted; at least 1. */
export function backoffMs(backoff: Backoff, failures: number): number {
  // The exponent is bounded because 2 ** 1024 is Infinity, and 0 · Infinity is not a number.
  const doublings = Math.min(DOUBLINGS_MAX, Math.max(0, failures - 1));
  return Math.min(backoff.maxMs, backoff.firstMs * 2 ** doublings);
}

const DOUBLINGS_MAX = 40;
