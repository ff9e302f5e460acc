// Least squares that never takes a coefficient below zero, leans on a prior where the data say little, and forgets:
//   minimize over β ≥ 0:  Σ w·(y − x·β)² + Σ_j λ_j·(β_j − prior_j)²
// Only sums of products are kept, so the cost does not grow with the number of samples. Solved by coordinate descent:
// each step is exact for one coefficient, the sum never rises, and with every λ above zero there is one minimum, which
// is reached whatever the order (Tseng 2001; for non-negative least squares Franc et al., 2005).

/** One prior for each coefficient: its value, and how hard it is held (the λ above). */
export interface Prior {
  readonly values: readonly number[];
  readonly weights: readonly number[];
}

/** A row with few entries that are not zero: `indices[i]` has `values[i]`. */
export interface SparseRow {
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

/** As it outlives a restart. */
export interface SavedSums {
  /** Row, column and value of what is not zero on and above the diagonal. */
  readonly gram: readonly (readonly [row: number, column: number, value: number])[];
  readonly moment: readonly number[];
  readonly weight: number;
}

/** More sweeps only polish digits that the noise makes meaningless. */
const SWEEPS_MAX = 1_000;
/** Of the largest coefficient's share in a typical sample. */
const TOLERANCE = 1e-7;

export class RidgeRegression {
  readonly #size: number;
  /** Xᵀ W X by rows. */
  readonly #gram: Float64Array;
  /** Xᵀ W y. */
  readonly #moment: Float64Array;
  #weight = 0;

  constructor(size: number) {
    this.#size = size;
    this.#gram = new Float64Array(size * size);
    this.#moment = new Float64Array(size);
  }

  /** Σ of the weights that are left of all samples. */
  get weight(): number {
    return this.#weight;
  }

  /** @param weight how many readings it counts for, beside the precision (1 ÷ variance, to a factor) of each. */
  add(
    { indices, values }: SparseRow,
    y: number,
    { weight, precision }: { readonly weight: number; readonly precision: number },
  ): void {
    for (let i = 0; i < indices.length; i++) {
      const row = indices[i] ?? 0;
      const weighted = weight * precision * (values[i] ?? 0);
      this.#moment[row] = (this.#moment[row] ?? 0) + weighted * y;
      for (let j = 0; j < indices.length; j++) {
        const at = row * this.#size + (indices[j] ?? 0);
        this.#gram[at] = (this.#gram[at] ?? 0) + weighted * (values[j] ?? 0);
      }
    }
    this.#weight += weight;
  }

  saved(): SavedSums {
    const gram: [number, number, number][] = [];
    for (let row = 0; row < this.#size; row++)
      for (let column = row; column < this.#size; column++) {
        const value = this.#gram[row * this.#size + column] ?? 0;
        if (value !== 0) gram.push([row, column, value]);
      }
    return { gram, moment: [...this.#moment], weight: this.#weight };
  }

  /** Undefined if it is none of so many coefficients. */
  static restored(size: number, { gram, moment, weight }: SavedSums): RidgeRegression | undefined {
    const isPlace = (at: number): boolean => Number.isInteger(at) && at >= 0 && at < size;
    if (moment.length !== size || !(weight >= 0)) return undefined;
    const regression = new RidgeRegression(size);
    for (const [row, column, value] of gram) {
      // No sum of squares is below zero.
      if (!isPlace(row) || !isPlace(column) || (row === column && value < 0)) return undefined;
      regression.#gram[row * size + column] = value;
      regression.#gram[column * size + row] = value;
    }
    regression.#moment.set(moment);
    regression.#weight = weight;
    return regression;
  }

  /** Keeps this share of everything that was added. */
  decay(share: number): void {
    for (let at = 0; at < this.#gram.length; at++) this.#gram[at] = (this.#gram[at] ?? 0) * share;
    for (let at = 0; at < this.#size; at++) this.#moment[at] = (this.#moment[at] ?? 0) * share;
    this.#weight *= share;
  }

  /** Forgets one coefficient, which may then stand for something else. */
  clear(index: number): void {
    for (let other = 0; other < this.#size; other++) {
      this.#gram[index * this.#size + other] = 0;
      this.#gram[other * this.#size + index] = 0;
    }
    this.#moment[index] = 0;
  }

  /** @param start where to begin, such as the last solution; the prior if absent. */
  solve({ values, weights }: Prior, start: readonly number[] = values): number[] {
    const solution = [...start];
    const scale = Math.max(...this.#typicalShares(solution), Number.MIN_VALUE);
    for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
      let moved = 0;
      for (let j = 0; j < this.#size; j++) {
        const held = weights[j] ?? 0;
        const diagonal = this.#gram[j * this.#size + j] ?? 0;
        const curvature = diagonal + held;
        if (curvature <= 0) continue;
        // Nothing was seen of it, so nothing else has to do with it.
        if (diagonal === 0) {
          solution[j] = values[j] ?? 0;
          continue;
        }
        const present = solution[j] ?? 0;
        const gradient =
          (this.#moment[j] ?? 0) + held * ((values[j] ?? 0) - present) - this.#predicted(j, solution);
        const next = Math.max(0, present + gradient / curvature);
        moved = Math.max(moved, Math.abs(next - present) * Math.sqrt(curvature));
        solution[j] = next;
      }
      if (moved <= TOLERANCE * scale) break;
    }
    return solution;
  }

  /**
   * The variance of each prediction x·β that is left, per unit of the samples' noise variance: xᵀ(XᵀWX + Λ)⁻¹x.
   *
   * @param weights the λ of the prior, each above zero.
   */
  leverages(rows: readonly SparseRow[], weights: readonly number[]): readonly number[] {
    const factor = this.#factor(weights);
    return rows.map((row) => this.#leverage(row, factor));
  }

  // Cholesky: L of (XᵀWX + Λ) = L·Lᵀ.
  #factor(weights: readonly number[]): Float64Array {
    const size = this.#size;
    const factor = new Float64Array(this.#gram);
    for (let j = 0; j < size; j++) factor[j * size + j] = (factor[j * size + j] ?? 0) + (weights[j] ?? 0);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column <= row; column++) {
        let sum = factor[row * size + column] ?? 0;
        for (let k = 0; k < column; k++)
          sum -= (factor[row * size + k] ?? 0) * (factor[column * size + k] ?? 0);
        factor[row * size + column] =
          row === column
            ? Math.sqrt(Math.max(sum, Number.MIN_VALUE))
            : sum / (factor[column * size + column] ?? 1);
      }
    }
    return factor;
  }

  // L·z = x; the leverage is z·z.
  #leverage({ indices, values }: SparseRow, factor: Float64Array): number {
    const size = this.#size;
    const z = new Float64Array(size);
    for (const [at, index] of indices.entries()) z[index] = values[at] ?? 0;
    let leverage = 0;
    for (let row = Math.min(...indices); row < size; row++) {
      let rest = z[row] ?? 0;
      for (let k = 0; k < row; k++) rest -= (factor[row * size + k] ?? 0) * (z[k] ?? 0);
      z[row] = rest / (factor[row * size + row] ?? 1);
      leverage += (z[row] ?? 0) ** 2;
    }
    return leverage;
  }

  #predicted(row: number, solution: readonly number[]): number {
    let sum = 0;
    for (let k = 0; k < this.#size; k++) sum += (this.#gram[row * this.#size + k] ?? 0) * (solution[k] ?? 0);
    return sum;
  }

  #typicalShares(solution: readonly number[]): readonly number[] {
    return solution.map((value, j) => value * Math.sqrt(this.#gram[j * this.#size + j] ?? 0));
  }
}
