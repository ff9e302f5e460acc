// How a node's load goes through the day, as its last days went: the mean of each quarter of an hour, days long past
// counting less. Says by how much the load is about to rise from here, so that a proxy that has to grow anyway grows once.

const SLOT_MS = 15 * 60_000;
const SLOTS = 96;
/** What the newest day counts. */
const NEWEST_WEIGHT = 0.5;
/** A rise beyond it is not foreseen but waited for: one odd day must not double a proxy. */
const RISE_MAX = 1.6;

/** As it outlives a restart; a slot without a mean is null. */
export interface SavedDay {
  readonly means: readonly (number | null)[];
  readonly slot: number;
  readonly sum: number;
  readonly count: number;
}

export class DayShape {
  readonly #means = new Float64Array(SLOTS).fill(Number.NaN);
  #slot = -1;
  #sum = 0;
  #count = 0;

  add(share: number, timeMs: number): void {
    const slot = Math.floor(timeMs / SLOT_MS);
    if (slot !== this.#slot) this.#close();
    this.#slot = slot;
    this.#sum += share;
    this.#count++;
  }

  /** The highest mean of the time ahead ÷ the mean of now; 1 where it falls, or where a day has not been seen. */
  rise(nowMs: number, aheadMs: number): number {
    const now = Math.floor(nowMs / SLOT_MS);
    const here = this.#meanOf(now);
    if (!(here > 0)) return 1;
    let most = here;
    for (let slot = now + 1; slot <= now + Math.ceil(aheadMs / SLOT_MS); slot++) {
      const mean = this.#meanOf(slot);
      if (mean > most) most = mean;
    }
    return Math.min(RISE_MAX, most / here);
  }

  /** All that was seen is of another whole now. */
  rescale(factor: number): void {
    for (const [slot, mean] of this.#means.entries()) this.#means[slot] = mean * factor;
    this.#sum *= factor;
  }

  saved(): SavedDay {
    const means = Array.from(this.#means, (mean) => (Number.isNaN(mean) ? null : mean));
    return { means, slot: this.#slot, sum: this.#sum, count: this.#count };
  }

  /** Undefined if it is no day of such slots. */
  static restored({ means, slot, sum, count }: SavedDay): DayShape | undefined {
    if (means.length !== SLOTS || means.some((mean) => mean !== null && mean < 0)) return undefined;
    if (!Number.isInteger(slot) || sum < 0 || count < 0) return undefined;
    const day = new DayShape();
    for (const [index, mean] of means.entries()) day.#means[index] = mean ?? Number.NaN;
    day.#slot = slot;
    day.#sum = sum;
    day.#count = count;
    return day;
  }

  #close(): void {
    if (this.#count === 0) return;
    const slot = this.#slot % SLOTS;
    const [before, newest] = [this.#means[slot] ?? Number.NaN, this.#sum / this.#count];
    this.#means[slot] = Number.isNaN(before) ? newest : before + (newest - before) * NEWEST_WEIGHT;
    this.#sum = 0;
    this.#count = 0;
  }

  #meanOf(slot: number): number {
    return this.#means[slot % SLOTS] ?? Number.NaN;
  }
}
