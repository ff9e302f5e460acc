// One resource's cost coefficients from noisy readings: a ridge-priored, non-negative regression whose noise is a share
// of what is predicted, in which readings far off count less (Huber), and in which a reading that was held back stands
// for the mean of what it could have been (the expectation step for a Tobit model).

import { type Prior, RidgeRegression, type SavedSums, type SparseRow } from "./ridge-regression.ts";

/** What is believed of the coefficients before any reading. */
export interface Belief {
  readonly values: readonly number[];
  /** One standard deviation of each, in its own unit; above zero. */
  readonly uncertainties: readonly number[];
}

export interface Reading {
  readonly row: SparseRow;
  readonly measured: number;
  readonly weight: number;
  /** It was held back: what is measured is the least that it would have been. */
  readonly isLowerBound: boolean;
}

/** As it outlives a restart; the solution follows from it. */
export interface SavedFit {
  readonly sums: SavedSums;
  readonly noise: number;
  readonly heldBackWeight: number;
}

export interface Certainty {
  /**
   * From 0, where only the belief speaks, to 1: how much narrower than by the belief the sum is known. Readings that were
   * held back say little, however many they are.
   */
  readonly confidence: number;
  /** One standard deviation of the sum, in its own unit. */
  readonly deviation: number;
}

/** Residuals beyond this many deviations count less and less. */
const HUBER_LIMIT = 1.5;
/** Mean absolute value of a standard normal variable: turns a mean of |r| into a deviation. */
const MEAN_ABSOLUTE_NORMAL = 0.798;
/** What a reading's noise is taken for before there are any, and at least. */
const NOISE_START = 0.3;
const NOISE_MIN = 0.02;
/** How fast the noise follows the readings. */
const NOISE_STEP = 0.01;

export class RobustFit {
  readonly #floor: number;
  readonly #size: number;
  readonly #solveEvery: number;
  #regression: RidgeRegression;
  #solution: number[] | undefined;
  #noise = NOISE_START;
  #readingsSinceSolved = 0;
  #heldBackWeight = 0;

  /**
   * @param floor below this a prediction is not taken to be exact to its share.
   * @param solveEvery readings after which predictions follow; what is asked for is always solved.
   */
  constructor({ size, floor, solveEvery }: { size: number; floor: number; solveEvery: number }) {
    this.#size = size;
    this.#floor = floor;
    this.#solveEvery = solveEvery;
    this.#regression = new RidgeRegression(size);
  }

  add({ row, measured, weight, isLowerBound }: Reading, belief: Belief): void {
    const predicted = this.#predict(row, belief);
    const scale = Math.max(predicted, measured / 2, this.#floor);
    const deviation = this.#noise * scale;
    const y = isLowerBound ? meanAbove(measured, { mean: predicted, deviation }) : measured;
    const residual = Math.abs(y - predicted) / scale;
    const limit = HUBER_LIMIT * this.#noise;
    const trust = residual <= limit ? 1 : limit / residual;
    if (isLowerBound) this.#heldBackWeight += weight;
    else this.#followNoise(Math.min(residual, 2 * limit));
    this.#regression.add(row, y, { weight, precision: trust / scale ** 2 });
    if (++this.#readingsSinceSolved >= this.#solveEvery) this.solve(belief);
  }

  saved(): SavedFit {
    return { sums: this.#regression.saved(), noise: this.#noise, heldBackWeight: this.#heldBackWeight };
  }

  /** Goes on from what was saved; false if that is none of such a fit, and nothing has changed then. */
  restore({ sums, noise, heldBackWeight }: SavedFit): boolean {
    const regression = RidgeRegression.restored(this.#size, sums);
    if (regression === undefined || !(noise >= NOISE_MIN) || !(heldBackWeight >= 0)) return false;
    this.#regression = regression;
    this.#noise = noise;
    this.#heldBackWeight = heldBackWeight;
    this.#solution = undefined;
    this.#readingsSinceSolved = 0;
    return true;
  }

  /** Keeps this share of everything that was learned. */
  decay(share: number): void {
    this.#regression.decay(share);
    this.#heldBackWeight *= share;
  }

  /** Forgets one coefficient, which stands for something else from now on. */
  clear(index: number, { values }: Belief): void {
    this.#regression.clear(index);
    if (this.#solution !== undefined) this.#solution[index] = values[index] ?? 0;
  }

  solve(belief: Belief): readonly number[] {
    this.#readingsSinceSolved = 0;
    this.#solution = this.#regression.solve(this.#priorOf(belief), this.#solution);
    return this.#solution;
  }

  /** How well the sum for each typical row is known by now. */
  certainties(typical: readonly SparseRow[], belief: Belief): readonly Certainty[] {
    if (this.#regression.weight === 0) return typical.map(() => ({ confidence: 0, deviation: Infinity }));
    const { weights } = this.#priorOf(belief);
    const heldBack = Math.min(1, this.#heldBackWeight / this.#regression.weight);
    const left = this.#regression.leverages(typical, weights);
    return typical.map(({ indices, values }, at) => {
      const before = indices.reduce(
        (sum, index, place) => sum + (values[place] ?? 0) ** 2 / (weights[index] ?? 1),
        0,
      );
      const leverage = left[at] ?? before;
      const narrower = before === 0 ? 0 : 1 - Math.sqrt(leverage / before);
      return {
        confidence: Math.max(0, narrower) * (1 - heldBack),
        deviation: this.#noise * Math.sqrt(leverage),
      };
    });
  }

  #predict({ indices, values }: SparseRow, belief: Belief): number {
    const solution = this.#solution ?? belief.values;
    let sum = 0;
    for (let at = 0; at < indices.length; at++) sum += (values[at] ?? 0) * (solution[indices[at] ?? 0] ?? 0);
    return sum;
  }

  #followNoise(residual: number): void {
    const seen = residual / MEAN_ABSOLUTE_NORMAL;
    this.#noise = Math.max(NOISE_MIN, this.#noise + NOISE_STEP * (seen - this.#noise));
  }

  // λ = (noise ÷ uncertainty)²: the noise is a share, as are the residuals that it is weighed against.
  #priorOf({ values, uncertainties }: Belief): Prior {
    const weights = Array.from(
      { length: this.#size },
      (_, index) => (this.#noise / (uncertainties[index] ?? 1)) ** 2,
    );
    return { values, weights };
  }
}

interface Normal {
  readonly mean: number;
  readonly deviation: number;
}

/** The mean of a normal variable that is known to be at least `bound`. */
function meanAbove(bound: number, { mean, deviation }: Normal): number {
  const distance = (bound - mean) / deviation;
  if (distance > FAR) return bound;
  const density = Math.exp(-(distance ** 2) / 2) / Math.sqrt(2 * Math.PI);
  return mean + (deviation * density) / upperTail(distance);
}

/** Deviations beyond which the mean above a bound is the bound, as far as anybody can measure. */
const FAR = 4;

/** The share of a standard normal variable above `x`; error below 1e-7 (Abramowitz and Stegun 26.2.17). */
function upperTail(x: number): number {
  if (x < 0) return 1 - upperTail(-x);
  const t = 1 / (1 + 0.231_641_9 * x);
  const polynomial =
    t *
    (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  return (Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
}
