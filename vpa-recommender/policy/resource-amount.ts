// Upstream VPA's amounts (pkg/recommender/model/types.go, 1.8): whole millicores and bytes, cut off rather than rounded
// at every step of a calculation, within 0 and 10^14.

const AMOUNT_MAX = 1e14;

/** What is not a number, such as nothing scaled by an infinite factor, counts as nothing. */
export function amountOf(value: number): number {
  if (value > AMOUNT_MAX) return AMOUNT_MAX;
  return value > 0 ? Math.trunc(value) : 0;
}

export function scaledAmount(amount: number, factor: number): number {
  return amountOf(amount * factor);
}
