// A Kubernetes quantity as a fraction of two integers, put together from its written parts without parsing.

export interface WrittenQuantity {
  readonly sign: "" | "+" | "-";
  /** Digits before and after the point; the point is left out where `fraction` is undefined. */
  readonly whole: string;
  readonly fraction: string | undefined;
  readonly suffix: string;
}

export function textOf({ sign, whole, fraction, suffix }: WrittenQuantity): string {
  return `${sign}${whole}${fraction === undefined ? "" : `.${fraction}`}${suffix}`;
}

/** The value × `unitsPerOne`, rounded away from zero ("up") or towards it; never finer than a billionth. */
export function rationalUnits(
  quantity: WrittenQuantity,
  unitsPerOne: bigint,
  rounding: "up" | "down",
): bigint {
  const [numerator, denominator] = suffixFactor(quantity.suffix);
  const digits = BigInt(`${quantity.whole}${quantity.fraction ?? ""}` || "0");
  const decimals = 10n ** BigInt(quantity.fraction?.length ?? 0);
  const billionths = ceil(digits * numerator * BILLION, decimals * denominator);
  const units =
    rounding === "up" ? ceil(billionths * unitsPerOne, BILLION) : (billionths * unitsPerOne) / BILLION;
  return quantity.sign === "-" ? -units : units;
}

export const SUFFIXES = {
  "": [1n, 1n],
  n: [1n, 10n ** 9n],
  u: [1n, 10n ** 6n],
  m: [1n, 10n ** 3n],
  k: [10n ** 3n, 1n],
  M: [10n ** 6n, 1n],
  G: [10n ** 9n, 1n],
  T: [10n ** 12n, 1n],
  P: [10n ** 15n, 1n],
  E: [10n ** 18n, 1n],
  Ki: [1024n, 1n],
  Mi: [1024n ** 2n, 1n],
  Gi: [1024n ** 3n, 1n],
  Ti: [1024n ** 4n, 1n],
  Pi: [1024n ** 5n, 1n],
  Ei: [1024n ** 6n, 1n],
  e3: [10n ** 3n, 1n],
  E3: [10n ** 3n, 1n],
  "e+2": [10n ** 2n, 1n],
  "e-4": [1n, 10n ** 4n],
  "E-9": [1n, 10n ** 9n],
  e0: [1n, 1n],
} as const satisfies Record<string, readonly [bigint, bigint]>;

const BILLION = 10n ** 9n;

function suffixFactor(suffix: string): readonly [bigint, bigint] {
  const factor: readonly [bigint, bigint] | undefined = SUFFIXES[suffix as keyof typeof SUFFIXES];
  if (factor === undefined) throw new Error(`no such suffix: ${suffix}`);
  return factor;
}

function ceil(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}
