// Non-negative least squares with a ridge prior, the slow and obvious way: every set of coefficients is once held at zero,
// the rest solved exactly, and the best solution that takes none below zero wins.

export interface PlainSample {
  readonly x: readonly number[];
  readonly y: number;
  readonly weight: number;
}

export function plainLeastSquares(
  samples: readonly PlainSample[],
  prior: { readonly values: readonly number[]; readonly weights: readonly number[] },
): readonly number[] {
  const size = prior.values.length;
  let best: readonly number[] = [];
  let bestCost = Infinity;
  for (let held = 0; held < 2 ** size; held++) {
    const free = prior.values.map((_, index) => index).filter((index) => ((held >> index) & 1) === 0);
    const solution = solveFree(samples, prior, free);
    if (solution.some((value) => value < -1e-9)) continue;
    const cost = costOf(samples, prior, solution);
    if (cost < bestCost) [best, bestCost] = [solution, cost];
  }
  return best;
}

type PriorOf = Parameters<typeof plainLeastSquares>[1];

function solveFree(
  samples: readonly PlainSample[],
  prior: PriorOf,
  free: readonly number[],
): readonly number[] {
  const rows = free.map((i) => [
    ...free.map(
      (j) =>
        samples.reduce((sum, { x, weight }) => sum + weight * (x[i] ?? 0) * (x[j] ?? 0), 0) +
        (i === j ? (prior.weights[i] ?? 0) : 0),
    ),
    samples.reduce((sum, { x, y, weight }) => sum + weight * (x[i] ?? 0) * y, 0) +
      (prior.weights[i] ?? 0) * (prior.values[i] ?? 0),
  ]);
  const solved = eliminate(rows);
  return prior.values.map((_, index) => solved[free.indexOf(index)] ?? 0);
}

/** Gauß-Jordan with the largest pivot first. */
function eliminate(rows: number[][]): readonly number[] {
  for (let column = 0; column < rows.length; column++) {
    rows.sort((a, b) =>
      rows.indexOf(a) < column || rows.indexOf(b) < column
        ? 0
        : Math.abs(b[column] ?? 0) - Math.abs(a[column] ?? 0),
    );
    const pivot = rows[column] ?? [];
    for (const [index, row] of rows.entries()) {
      if (index === column) continue;
      const factor = (row[column] ?? 0) / (pivot[column] ?? 1);
      for (let at = column; at < row.length; at++) row[at] = (row[at] ?? 0) - factor * (pivot[at] ?? 0);
    }
  }
  return rows.map((row, index) => (row.at(-1) ?? 0) / (row[index] ?? 1));
}

function costOf(samples: readonly PlainSample[], prior: PriorOf, solution: readonly number[]): number {
  const misfit = samples.reduce(
    (sum, { x, y, weight }) =>
      sum + weight * (y - x.reduce((total, value, index) => total + value * (solution[index] ?? 0), 0)) ** 2,
    0,
  );
  return solution.reduce(
    (sum, value, index) => sum + (prior.weights[index] ?? 0) * (value - (prior.values[index] ?? 0)) ** 2,
    misfit,
  );
}
