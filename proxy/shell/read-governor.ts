// Holds an instance to a quota of CPU or of bandwidth: measures what was used every few milliseconds and stops reading
// while it is in debt. An instance without work is looked at rarely, since a node has a hundred of them.

import type { Cancel, Clock } from "#runtime/clock.ts";

import { fullBucket, restMs, spend } from "../policy/debt-bucket.ts";
import type { DebtBucket, DebtLimits } from "../policy/debt-bucket.ts";
import type { HoldReason, ReadThrottle, SocketSide } from "./read-throttle.ts";

export interface ReadGovernorOptions {
  readonly throttle: ReadThrottle;
  readonly reason: HoldReason;
  readonly sides: readonly SocketSide[];
  readonly clock: Clock;
  /** All that was ever used. */
  readonly measure: () => number;
  /** Less than this between two close looks is no work: the looking itself uses some. */
  readonly idleUse: number;
  /** For work that goes on although nothing is read: puts the thread to sleep, and nothing of it runs meanwhile. */
  readonly sleep?: ((ms: number) => void) | undefined;
  /** Reading was held for so long. */
  readonly held: (ms: number) => void;
}

/** Fine enough for a tenth of a core; each look costs about ten microseconds. */
const TICK_MS = 5;
/** Between looks without work: a hundred idle instances take a hundredth of a core then. */
const IDLE_TICK_MS = 100;
/**
 * A held thread that goes on using this share of its rate has work that comes from elsewhere than its sockets' data, new
 * connections above all.
 */
const HELD_SHARE_MAX = 0.5;
/** Half of a heartbeat, so that the host does not take a sleeping thread for a stuck one. */
const SLEEP_MS_MAX = 50;

export class ReadGovernor {
  readonly #options: ReadGovernorOptions;
  #limits: DebtLimits | undefined;
  #bucket: DebtBucket | undefined;
  #measured = 0;
  #cancel: Cancel | undefined;
  #tickMs = TICK_MS;

  constructor(options: ReadGovernorOptions) {
    this.#options = options;
  }

  /** @param limits from now on; undefined for none. Debt stays debt. */
  change(limits: DebtLimits | undefined): void {
    const { clock, measure, throttle, reason, sides } = this.#options;
    this.#limits = limits;
    if (limits === undefined) {
      this.#cancel?.();
      this.#cancel = undefined;
      this.#bucket = undefined;
      throttle.release(reason, sides);
      return;
    }
    if (this.#bucket === undefined) {
      this.#bucket = fullBucket(limits, clock.nowMs());
      this.#measured = measure();
    }
    this.#schedule(TICK_MS);
  }

  /** There is work: looks closely again. Cheap enough for every request. */
  wake(): void {
    if (this.#tickMs !== TICK_MS && this.#bucket !== undefined) this.#schedule(TICK_MS);
  }

  #tick(): void {
    const { throttle, reason, sides, clock, measure, idleUse, sleep, held } = this.#options;
    if (this.#bucket === undefined || this.#limits === undefined) return;
    const wasHeld = this.#bucket.isHeld;
    const nowMs = clock.nowMs();
    const elapsedMs = Math.max(0, nowMs - this.#bucket.filledAtMs);
    const measured = measure();
    const used = measured - this.#measured;
    this.#measured = measured;
    this.#bucket = spend(this.#bucket, this.#limits, { used, nowMs });
    const { isHeld } = this.#bucket;
    if (wasHeld) held(elapsedMs);
    if (isHeld && !wasHeld) throttle.hold(reason, sides);
    else if (!isHeld && wasHeld) throttle.release(reason, sides);
    if (wasHeld && isHeld && used > idleUse && used > HELD_SHARE_MAX * elapsedMs * this.#limits.perMs) {
      sleep?.(Math.min(SLEEP_MS_MAX, restMs(this.#bucket, this.#limits)));
    }
    this.#schedule(used < idleUse && !wasHeld && !isHeld ? IDLE_TICK_MS : TICK_MS);
  }

  #schedule(tickMs: number): void {
    this.#cancel?.();
    this.#tickMs = tickMs;
    this.#cancel = this.#options.clock.after(tickMs, () => this.#tick());
  }
}
