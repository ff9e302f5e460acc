// One container's samples on their way into an aggregate, as upstream VPA (ContainerState, 1.8) takes them: CPU in order
// and once; of memory one peak per window of 24 h, a higher value replacing a lower one; an OOM as a peak above what
// was used or requested.

import { amountOf, scaledAmount } from "./resource-amount.ts";
import type { UsageAggregate } from "./usage-aggregate.ts";

export interface UsageAt {
  /** Millicores or bytes. */
  readonly amount: number;
  readonly timeMs: number;
}

const WINDOW_MS = 24 * 3_600_000;
const OOM_BUMP_BYTES = 100 * 1024 ** 2;
const OOM_BUMP_RATIO = 1.2;

export class ContainerUsage {
  #lastCpuMs = -Infinity;
  #lastMemoryMs = -Infinity;
  #windowEndMs: number | undefined;
  #memoryPeak = 0;
  #oomPeak = 0;

  /** False if the sample was left out: negative, a repetition, or older than the last one. */
  addCpu(aggregate: UsageAggregate, { amount, timeMs }: UsageAt): boolean {
    if (!(amount >= 0) || timeMs <= this.#lastCpuMs) return false;
    aggregate.addCpu(amount, timeMs);
    this.#lastCpuMs = timeMs;
    return true;
  }

  /** False if the sample was left out: negative, or older than the last one. */
  addMemory(aggregate: UsageAggregate, sample: UsageAt): boolean {
    if (!(sample.amount >= 0) || sample.timeMs < this.#lastMemoryMs) return false;
    if (this.#raisePeak(aggregate, sample)) this.#memoryPeak = sample.amount;
    return true;
  }

  /** An OOM of a container that requested so much; false if it is more than a window older than the last sample. */
  addOom(aggregate: UsageAggregate, { amount, timeMs }: UsageAt): boolean {
    if (timeMs < this.#lastMemoryMs - WINDOW_MS) return false;
    // Not the peak of an earlier OOM: repeated OOMs would multiply.
    const used = Math.max(amount, this.#memoryPeak);
    const needed = Math.max(used + amountOf(OOM_BUMP_BYTES), scaledAmount(used, OOM_BUMP_RATIO));
    if (this.#raisePeak(aggregate, { amount: needed, timeMs })) this.#oomPeak = needed;
    return true;
  }

  /** Takes the window that is still open out of a copy of the aggregate: after a restart its peak comes anew. */
  subtractOpenPeak(aggregate: UsageAggregate, nowMs: number): void {
    if (this.#windowEndMs !== undefined && nowMs < this.#windowEndMs)
      aggregate.subtractMemoryPeak(this.#peak, this.#windowEndMs);
  }

  get #peak(): number {
    return Math.max(this.#memoryPeak, this.#oomPeak);
  }

  // True if the sample is its window's peak now.
  #raisePeak(aggregate: UsageAggregate, { amount, timeMs }: UsageAt): boolean {
    this.#lastMemoryMs = timeMs;
    const windowEndMs = this.#windowEndMs ?? timeMs;
    if (timeMs < windowEndMs) {
      const before = this.#peak;
      if (before === 0 || amount <= before) return false;
      aggregate.subtractMemoryPeak(before, windowEndMs);
      aggregate.addMemoryPeak(amount, windowEndMs);
      return true;
    }
    const windows = Math.floor((timeMs - windowEndMs) / WINDOW_MS) + 1;
    this.#windowEndMs = windowEndMs + windows * WINDOW_MS;
    this.#memoryPeak = 0;
    this.#oomPeak = 0;
    aggregate.addMemoryPeak(amount, this.#windowEndMs);
    return true;
  }
}
