// A load's level now: the mean of the last minutes, the newest counting most, and a margin of as much as readings were
// seen to differ from it over hours. The mean follows a load within minutes; the margin is the node's own, so that a
// steady node gets little and a restless one more. An order statistic of the same minutes (the fourth highest of 25) is as
// high and swings more from minute to minute: it was short twice as often for the same slack and the same resizes.
//   level = mean + 1.2 · deviation, or a step that two readings in a row show

/** After this long a reading counts half in the mean. */
const MEAN_HALF_LIFE_MS = 5 * 60_000;
/** And in the deviation. */
const DEVIATION_HALF_LIFE_MS = 4 * 3_600_000;
/** Covers 88 readings of 100, if they were normally distributed; headroom covers the rest. */
const DEVIATIONS = 1.2;
/** Taken for the deviation, as a share of the first reading, until it is known. */
const DEVIATION_START = 0.02;
/** A reading further off than so many deviations is an event of its own, and teaches no more than one that far off. */
const DEVIATIONS_MAX = 3;
/** Two readings in a row that are so far above the level are no noise but a step, which is followed at once. */
const STEP_RATIO_MIN = 1.2;

/** As it outlives a restart. */
export interface SavedLevel {
  readonly mean: number;
  readonly variance: number;
}

export class LoadLevel {
  #mean = 0;
  #variance = 0;
  #before: number | undefined;
  #last: { share: number; timeMs: number } | undefined;

  add(share: number, timeMs: number): void {
    if (this.#last === undefined) {
      this.#mean = share;
      this.#variance = (DEVIATION_START * share) ** 2;
    } else {
      const elapsedMs = Math.max(0, timeMs - this.#last.timeMs);
      const error = share - this.#mean;
      const within = Math.min(Math.abs(error), DEVIATIONS_MAX * Math.sqrt(this.#variance));
      this.#variance += newShare(elapsedMs, DEVIATION_HALF_LIFE_MS) * (within ** 2 - this.#variance);
      this.#mean += newShare(elapsedMs, MEAN_HALF_LIFE_MS) * error;
    }
    this.#before = this.#last?.share;
    this.#last = { share, timeMs };
  }

  /** Undefined before the first reading. */
  level(): number | undefined {
    if (this.#last === undefined) return undefined;
    const level = this.#mean + DEVIATIONS * Math.sqrt(this.#variance);
    const step = Math.min(this.#before ?? 0, this.#last.share);
    return step > STEP_RATIO_MIN * level ? step : level;
  }

  saved(): SavedLevel {
    return { mean: this.#mean, variance: this.#variance };
  }

  /** @param recent times and shares of the last readings, oldest first. */
  static restored(
    saved: SavedLevel | undefined,
    recent: readonly (readonly [timeMs: number, share: number])[],
  ): LoadLevel {
    const load = new LoadLevel();
    for (const [timeMs, share] of recent) load.add(share, timeMs);
    // What was saved before there were levels has readings alone.
    if (saved !== undefined) [load.#mean, load.#variance] = [saved.mean, saved.variance];
    return load;
  }

  /** All that was seen is of another whole now. */
  rescale(factor: number): void {
    this.#mean *= factor;
    this.#variance *= factor ** 2;
    if (this.#before !== undefined) this.#before *= factor;
    if (this.#last !== undefined) this.#last.share *= factor;
  }
}

function newShare(elapsedMs: number, halfLifeMs: number): number {
  return 1 - 0.5 ** (elapsedMs / halfLifeMs);
}
