// Kubernetes quantities, and the only place that rounds them: requests round up, capacity rounds down.
// Grammar and meaning: k8s.io/apimachinery/pkg/api/resource/quantity.go. Values are exact (BigInt) until rounded.

export type Rounding = "up" | "down";

/** Text that is not a Kubernetes quantity, or one beyond what integers here can hold. */
export class QuantityError extends Error {
  override readonly name = "QuantityError";
}

/**
 * A CPU quantity in integer millicores.
 *
 * @throws QuantityError if `text` is no quantity or beyond 2^53 millicores.
 */
export function parseCpuMilli(text: string, rounding: Rounding = "up"): number {
  return toInteger(parseNano(text), { divisor: NANO_PER_MILLI, rounding, text });
}

/**
 * A memory quantity in integer bytes.
 *
 * @throws QuantityError if `text` is no quantity or beyond 2^53 bytes.
 */
export function parseMemoryBytes(text: string, rounding: Rounding = "up"): number {
  return toInteger(parseNano(text), { divisor: NANO, rounding, text });
}

/**
 * The exact value in thousandths, rounded up as the API server does on every write
 * (k8s.io/kubernetes/pkg/apis/core/v1/defaults.go, SetDefaults_ResourceList). Sums of these round once, at their end.
 *
 * @throws QuantityError if `text` is no quantity.
 */
export function parseThousandths(text: string): bigint {
  return divide(parseNano(text), NANO_PER_MILLI, "up");
}

/** Millicores as the shortest canonical quantity: `250m`, `2`. */
export function formatCpu(cpuMilli: number): string {
  return cpuMilli % 1000 === 0 ? String(cpuMilli / 1000) : `${cpuMilli}m`;
}

/** Bytes with the largest binary suffix that is exact: `512Mi`, `1Gi`, `1500`. */
export function formatMemory(memoryBytes: number): string {
  for (const [suffix, factor] of BINARY_SUFFIXES_DESCENDING) {
    if (memoryBytes !== 0 && memoryBytes % factor === 0) return `${memoryBytes / factor}${suffix}`;
  }
  return String(memoryBytes);
}

const NANO = 1_000_000_000n;
const NANO_PER_MILLI = 1_000_000n;
const BINARY_SUFFIXES_DESCENDING: readonly (readonly [string, number])[] = [
  ["Ti", 1024 ** 4],
  ["Gi", 1024 ** 3],
  ["Mi", 1024 ** 2],
  ["Ki", 1024],
];

const QUANTITY = /^([+-]?)(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,4}|)$/;
const DECIMAL_EXPONENTS: Readonly<Record<string, number>> = {
  "": 0,
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_EXPONENTS: Readonly<Record<string, bigint>> = {
  Ki: 10n,
  Mi: 20n,
  Gi: 30n,
  Ti: 40n,
  Pi: 50n,
  Ei: 60n,
};

// Far above any quantity that fits in 63 bits; stops "1e9999" from building a huge BigInt.
const DECIMAL_EXPONENT_MAX = 40;
// A number with more digits than this is a mistake; Kubernetes caps the value at 2^63 − 1.
const QUANTITY_LENGTH_MAX = 64;

// A cluster repeats few distinct quantities; when the map is full it starts anew.
const CACHE_SIZE_MAX = 4096;
const cache = new Map<string, bigint>();

function parseNano(text: string): bigint {
  const cached = cache.get(text);
  if (cached !== undefined) return cached;
  const value = parseNanoUncached(text);
  if (cache.size >= CACHE_SIZE_MAX) cache.clear();
  cache.set(text, value);
  return value;
}

function parseNanoUncached(text: string): bigint {
  const match = text.length <= QUANTITY_LENGTH_MAX ? QUANTITY.exec(text) : null;
  if (match === null)
    throw new QuantityError(`"${text.slice(0, 80)}" is not a quantity such as 100m, 0.5, 2Gi or 1e3`);
  const [, sign = "", digits = "", suffix = ""] = match;
  const point = digits.indexOf(".");
  const fractionDigits = point === -1 ? 0 : digits.length - point - 1;
  const mantissa = BigInt(digits.replace(".", "") || "0");
  const binary = BINARY_EXPONENTS[suffix];
  const decimal = binary === undefined ? (DECIMAL_EXPONENTS[suffix] ?? Number(suffix.slice(1))) : 0;
  if (Math.abs(decimal) > DECIMAL_EXPONENT_MAX) throw new QuantityError(`"${text}" is out of range`);
  const scale = decimal - fractionDigits + 9;
  const shifted = mantissa << (binary ?? 0n);
  const nano = scale >= 0 ? shifted * 10n ** BigInt(scale) : divide(shifted, 10n ** BigInt(-scale), "up");
  return sign === "-" ? -nano : nano;
}

// Away from zero for "up" and towards zero for "down", as Kubernetes rounds.
function divide(value: bigint, divisor: bigint, rounding: Rounding): bigint {
  const quotient = value / divisor;
  if (rounding === "down" || quotient * divisor === value) return quotient;
  return value > 0n ? quotient + 1n : quotient - 1n;
}

interface IntegerOptions {
  readonly divisor: bigint;
  readonly rounding: Rounding;
  readonly text: string;
}

function toInteger(nano: bigint, { divisor, rounding, text }: IntegerOptions): number {
  const value = divide(nano, divisor, rounding);
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw new QuantityError(`"${text}" is out of range`);
  }
  return Number(value);
}
