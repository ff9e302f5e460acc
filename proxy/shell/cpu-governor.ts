// Holds an instance's thread to its CPU quota: measures the thread's own CPU time every few milliseconds and stops all
// reading while it is in debt. A thread without work is looked at rarely, since a node has a hundred of them.

import type { Cancel, Clock } from "#runtime/clock.ts";

import { fullCpuBucket, restMs, spendCpu } from "../policy/cpu-bucket.ts";
import type { CpuBucket } from "../policy/cpu-bucket.ts";
import type { ReadThrottle } from "./read-throttle.ts";

export interface CpuGovernorOptions {
  readonly throttle: ReadThrottle;
  readonly clock: Clock;
  /** CPU time of this thread so far, in microseconds. */
  readonly threadCpuMicros: () => number;
  /** Puts the thread to sleep; nothing of it runs meanwhile. */
  readonly sleep: (ms: number) => void;
  /** Reading was held for so long. */
  readonly held?: (ms: number) => void;
}

/** Fine enough for a quota of a tenth of a core; each look costs about ten microseconds. */
const CPU_TICK_MS = 5;
/** Between looks at a thread without work: a hundred idle instances take a hundredth of a core then. */
const IDLE_TICK_MS = 100;
/** Below this much CPU in a tick the thread counts as without work; the looking itself uses some. */
const IDLE_MICROS = 100;
/**
 * A held thread that goes on using this share of its time has work that comes from elsewhere than its sockets' data,
 * new connections above all, and is put to sleep instead.
 */
const HELD_SHARE_MAX = 0.1;
/** Half of a heartbeat, so that the host does not take a sleeping thread for a stuck one. */
const SLEEP_MS_MAX = 50;

export class CpuGovernor {
  readonly #options: CpuGovernorOptions;
  #cpuMilli: number | undefined;
  #bucket: CpuBucket | undefined;
  #spentMicros = 0;
  #cancel: Cancel | undefined;
  #tickMs = CPU_TICK_MS;

  constructor(options: CpuGovernorOptions) {
    this.#options = options;
  }

  /** @param cpuMilli the quota from now on; undefined for none. Debt stays debt. */
  change(cpuMilli: number | undefined): void {
    if (cpuMilli === this.#cpuMilli) return;
    const { clock, threadCpuMicros, throttle } = this.#options;
    this.#cpuMilli = cpuMilli;
    if (cpuMilli === undefined) {
      this.#cancel?.();
      this.#cancel = undefined;
      this.#bucket = undefined;
      throttle.release("cpu");
      return;
    }
    if (this.#bucket === undefined) {
      this.#bucket = fullCpuBucket(cpuMilli, clock.nowMs());
      this.#spentMicros = threadCpuMicros();
    }
    this.#schedule(CPU_TICK_MS);
  }

  /** There is work: looks closely again. Cheap enough for every request. */
  wake(): void {
    if (this.#tickMs !== CPU_TICK_MS && this.#bucket !== undefined) this.#schedule(CPU_TICK_MS);
  }

  #tick(): void {
    const { throttle, clock, threadCpuMicros, sleep, held } = this.#options;
    if (this.#bucket === undefined || this.#cpuMilli === undefined) return;
    const wasHeld = this.#bucket.isHeld;
    const elapsedMs = clock.nowMs() - this.#bucket.filledAtMs;
    const cpuMicros = threadCpuMicros();
    const usedMicros = cpuMicros - this.#spentMicros;
    this.#spentMicros = cpuMicros;
    this.#bucket = spendCpu(this.#bucket, this.#cpuMilli, { usedMicros, nowMs: clock.nowMs() });
    const { isHeld } = this.#bucket;
    if (wasHeld) held?.(Math.max(0, elapsedMs));
    if (isHeld && !wasHeld) throttle.hold("cpu");
    else if (!isHeld && wasHeld) throttle.release("cpu");
    if (wasHeld && usedMicros > HELD_SHARE_MAX * elapsedMs * 1000) {
      sleep(Math.min(SLEEP_MS_MAX, restMs(this.#bucket, this.#cpuMilli)));
    }
    this.#schedule(usedMicros < IDLE_MICROS && !wasHeld && !isHeld ? IDLE_TICK_MS : CPU_TICK_MS);
  }

  #schedule(tickMs: number): void {
    this.#cancel?.();
    this.#tickMs = tickMs;
    this.#cancel = this.#options.clock.after(tickMs, () => this.#tick());
  }
}
