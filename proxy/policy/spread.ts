// How a cost that nobody caused alone is shared among those who caused the rest: in proportion to what each caused
// itself, and in equal parts where nobody caused anything. The parts add up to the whole.

/** @param own what each caused itself; none negative. @returns each one's part of `shared`, in the same order. */
export function spread(shared: number, own: readonly number[]): readonly number[] {
  const sum = own.reduce((total, amount) => total + amount, 0);
  return own.map((amount) => (sum > 0 ? (shared * amount) / sum : shared / own.length));
}
