// Writes to the API server in order of their urgency, at a rate that it can bear, and a limited number at once. Releases
// come first, which are few and may have a bad configuration to take back; then proxies that are too small; what is
// published for others waits longest.

import { TokenBucket, type TokenBucketLimits } from "#kube/token-bucket.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";

/** From the most to the least urgent. */
const URGENCIES = ["release", "grow", "shrink", "publish"] as const;

export type Urgency = (typeof URGENCIES)[number];

export interface WriteBudgetOptions {
  /** Undefined where the parent of a paced replay owns the time. */
  readonly rate: TokenBucketLimits | undefined;
  readonly clock: Clock;
}

/** Enough to follow a burst of placements, and far from an API server's limit for one client. */
const WRITES_AT_ONCE_MAX = 16;

export class WriteBudget {
  readonly #options: WriteBudgetOptions;
  readonly #bucket: TokenBucket | undefined;
  readonly #waiting: Readonly<Record<Urgency, (() => void)[]>> = {
    release: [],
    grow: [],
    shrink: [],
    publish: [],
  };
  #running = 0;
  #cancelTimer: Cancel | undefined;

  constructor(options: WriteBudgetOptions) {
    this.#options = options;
    const { rate, clock } = options;
    this.#bucket = rate === undefined ? undefined : new TokenBucket(rate, clock.nowMs());
  }

  /** Writes that wait for their turn. */
  get waiting(): number {
    return URGENCIES.reduce((sum, urgency) => sum + this.#waiting[urgency].length, 0);
  }

  async run<T>(urgency: Urgency, write: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.#waiting[urgency].push(resolve);
      this.#pump();
    });
    try {
      return await write();
    } finally {
      this.#running--;
      this.#pump();
    }
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  #pump(): void {
    const { clock } = this.#options;
    while (this.#running < WRITES_AT_ONCE_MAX) {
      const queue = URGENCIES.map((urgency) => this.#waiting[urgency]).find(({ length }) => length > 0);
      if (queue === undefined) return;
      if (this.#bucket?.take(clock.nowMs()) === false) return this.#pumpLater(this.#bucket);
      this.#running++;
      queue.shift()?.();
    }
  }

  #pumpLater(bucket: TokenBucket): void {
    const { clock } = this.#options;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.after(bucket.waitMs(clock.nowMs()), () => this.#pump());
  }
}
