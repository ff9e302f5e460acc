// How long to wait before trying again: doubling, capped, jittered so that many clients do not return at once.

export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait after so many failures in a row: between half and the whole of min(max, first · 2^(failures−1)),
 * so never 0.
 */
export function backoffMs(failures: number, random: () => number, limits: BackoffLimits): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, DOUBLINGS_MAX);
  const ceilingMs = Math.min(limits.maxMs, limits.firstMs * 2 ** doublings);
  return ceilingMs * (0.5 + random() / 2);
}

// Enough for any cap, and keeps the power finite however long an outage lasts.
const DOUBLINGS_MAX = 30;
