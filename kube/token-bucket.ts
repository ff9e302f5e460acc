// A steady rate with a burst: full at the start, refilled continuously.

export interface TokenBucketLimits {
  readonly burst: number;
  readonly perSecond: number;
}

export class TokenBucket {
  readonly #limits: TokenBucketLimits;
  #tokens: number;
  #filledMs: number;

  constructor(limits: TokenBucketLimits, nowMs: number) {
    this.#limits = limits;
    this.#tokens = limits.burst;
    this.#filledMs = nowMs;
  }

  /** Takes one token if there is one. */
  take(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Milliseconds until a token is there; 0 if one is there now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    // Rounded up, because a timer that fires a fraction early would find no token and wait again.
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#limits.perSecond) * 1_000);
  }

  #fill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#filledMs);
    this.#tokens = Math.min(this.#limits.burst, this.#tokens + (elapsedMs / 1_000) * this.#limits.perSecond);
    this.#filledMs = nowMs;
  }
}
