// Sizes as a bound may count them: if some things fit into a bin, then so do their sizes under a dual feasible function,
// and a sum of those is a bound that sees what a plain sum does not: two things of more than a half fill two bins. This is
// u^(k) of Fekete and Schepers (Mathematical Programming 91, 2001).

/** The largest k of use: beyond it things are so small that the plain sum sees them. */
export const DUAL_FEASIBLE_KS = [1, 2, 3, 4] as const;

/** The share of the bin that the size counts for; both are whole. */
export function dualFeasible(size: number, { bin, k }: { readonly bin: number; readonly k: number }): number {
  const parts = (k + 1) * size;
  return parts % bin === 0 ? size / bin : Math.floor(parts / bin) / k;
}
