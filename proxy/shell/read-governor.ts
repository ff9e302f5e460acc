// Holds an instance to a quota of CPU or of bandwidth: measures what was used every few milliseconds and stops reading
// while it is in debt. An instance without work is looked at rarely, since a node has a hundred of them.
//
// CPU is paced more finely than that. A hundred sockets that are released at once are a burst, and so are the answers to
// it: for some milliseconds it keeps every core of a small node busy, with all its other instances waiting. So the thread
// also looks when a request comes, and rests there and then for as long as it owes, a millisecond or two at a time.

import type { Cancel, Clock } from "#runtime/clock.ts";

import { debtMs, fullBucket, restMs, spend } from "../policy/debt-bucket.ts";
import type { DebtBucket, DebtLimits } from "../policy/debt-bucket.ts";
import type { HoldReason, ReadThrottle, SocketSide } from "./read-throttle.ts";

export interface ReadGovernorOptions {
  readonly throttle: ReadThrottle;
  readonly reason: HoldReason;
  readonly sides: readonly SocketSide[];
  readonly clock: Clock;
  /** All that was ever used. */
  readonly measure: () => number;
  /** What `measure` can amount to at most once it is up to date, where it lags behind. */
  readonly measureAtMost?: (() => number) | undefined;
  /** Less than this between two close looks is no work: the looking itself uses some. */
  readonly idleUse: number;
  /** Puts the thread to sleep: between requests, and for work that goes on although nothing is read. */
  readonly sleep?: ((ms: number) => void) | undefined;
  /** Reading was held, or the thread slept, for so long. */
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
/**
 * Within one turn of the loop. Half of a heartbeat, so that the host does not take a sleeping thread for a stuck one, and
 * a changed quota is heard of soon.
 */
const SLEEP_MS_MAX = 50;
/** A shorter sleep lasts longer than it should: the kernel's timers are not that fine. */
const SLEEP_MS_MIN = 0.3;

export class ReadGovernor {
  readonly #options: ReadGovernorOptions;
  #limits: DebtLimits | undefined;
  #bucket: DebtBucket | undefined;
  #measured = 0;
  #measuredAtTick = 0;
  /** Both as they were when the thread last slept. */
  #measuredSeen = 0;
  #atMostSeen = 0;
  /** Since the tick before. */
  #sleptMs = 0;
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
      this.#measuredAtTick = this.#measured;
    }
    this.#schedule(TICK_MS);
  }

  /** There is work: looks closely again, and rests before it if something is owed. Cheap enough for every request. */
  wake(): void {
    if (this.#bucket === undefined || this.#limits === undefined) return;
    if (this.#tickMs !== TICK_MS) this.#schedule(TICK_MS);
    const { clock, sleep } = this.#options;
    if (sleep === undefined || this.#bucket.isHeld) return;
    const nowMs = clock.nowMs();
    if (nowMs === this.#bucket.filledAtMs) return;
    this.#account(nowMs, this.#bucket, this.#limits);
    // A sleep has the kernel say what was used until then, and lets others run meanwhile.
    if (this.#bucket.tokens < this.#unseen()) this.#rest(SLEEP_MS_MIN, this.#limits);
    const owedMs = debtMs(this.#bucket, this.#limits);
    if (owedMs >= SLEEP_MS_MIN) this.#rest(owedMs, this.#limits);
  }

  /** What may have been used beside what is measured. */
  #unseen(): number {
    const { measure, measureAtMost = measure } = this.#options;
    return measureAtMost() - this.#atMostSeen - (this.#measured - this.#measuredSeen);
  }

  #rest(ms: number, limits: DebtLimits): void {
    const { sleep, held, clock, measure, measureAtMost = measure } = this.#options;
    const restingMs = Math.min(ms, SLEEP_MS_MAX - this.#sleptMs);
    if (restingMs <= 0 || this.#bucket === undefined) return;
    this.#sleptMs += restingMs;
    sleep?.(restingMs);
    held(restingMs);
    this.#account(clock.nowMs(), this.#bucket, limits);
    this.#atMostSeen = measureAtMost();
    this.#measuredSeen = this.#measured;
  }

  /** Whether reading is held is for the tick to say, which holds it. */
  #account(nowMs: number, bucket: DebtBucket, limits: DebtLimits): DebtBucket {
    const measured = this.#options.measure();
    const spent = spend(bucket, limits, { used: measured - this.#measured, nowMs });
    this.#measured = measured;
    this.#bucket = { ...spent, isHeld: bucket.isHeld };
    return spent;
  }

  #tick(): void {
    const { throttle, reason, sides, clock, idleUse, sleep, held } = this.#options;
    if (this.#bucket === undefined || this.#limits === undefined) return;
    const wasHeld = this.#bucket.isHeld;
    const nowMs = clock.nowMs();
    const elapsedMs = Math.max(0, nowMs - this.#bucket.filledAtMs);
    const bucket = this.#account(nowMs, this.#bucket, this.#limits);
    const { isHeld } = bucket;
    this.#bucket = bucket;
    const used = this.#measured - this.#measuredAtTick;
    this.#measuredAtTick = this.#measured;
    this.#sleptMs = 0;
    if (wasHeld) held(elapsedMs);
    if (isHeld && !wasHeld) throttle.hold(reason, sides);
    else if (!isHeld && wasHeld) throttle.release(reason, sides);
    if (wasHeld && isHeld && used > idleUse && used > HELD_SHARE_MAX * elapsedMs * this.#limits.perMs) {
      sleep?.(Math.min(SLEEP_MS_MAX, restMs(bucket, this.#limits)));
    }
    this.#schedule(used < idleUse && !wasHeld && !isHeld ? IDLE_TICK_MS : TICK_MS);
  }

  #schedule(tickMs: number): void {
    this.#cancel?.();
    this.#tickMs = tickMs;
    this.#cancel = this.#options.clock.after(tickMs, () => this.#tick());
  }
}
