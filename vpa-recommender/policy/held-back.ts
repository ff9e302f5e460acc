// CPU that came up to its limit was held back: what would have been used is not known, only that it is more. One such
// reading may be a burst that is over before a resize helps; the longer it lasts, the more is asked for.

/** CPU this close to its limit was held back. */
const HELD_BACK_SHARE = 0.99;
/** What is taken for wanted, as a multiple of what was used: at the first reading in a row, at the second, and so on. */
const WANTED_RATIOS = [1.05, 1.2, 1.5] as const;

export class HeldBack {
  #readings = 0;

  /** @returns by how much more than was used would have been used; 1 where nothing held it back. */
  wantedRatio(usedMilli: number, limitMilli: number | undefined): number {
    this.#readings = isHeldBack(usedMilli, limitMilli) ? this.#readings + 1 : 0;
    if (this.#readings === 0) return 1;
    return WANTED_RATIOS[Math.min(this.#readings, WANTED_RATIOS.length) - 1] ?? 1;
  }
}

export function isHeldBack(usedMilli: number, limitMilli: number | undefined): boolean {
  return limitMilli !== undefined && usedMilli >= HELD_BACK_SHARE * limitMilli;
}
