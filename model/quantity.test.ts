import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { rationalUnits, SUFFIXES, textOf, type WrittenQuantity } from "#test/oracle/rational-quantity.ts";
import {
  formatCpu,
  formatMemory,
  parseCpuMilli,
  parseMemoryBytes,
  parseThousandths,
  QuantityError,
} from "./quantity.ts";

// ParseQuantity, MilliValue and Value of k8s.io/apimachinery v0.37.2 give the same numbers; only that what is beyond 2^53
// is out of range here.
const EXAMPLES: readonly (readonly [text: string, cpuMilli: number | "out of range", memoryBytes: number])[] =
  [
    ["0", 0, 0],
    ["100m", 100, 1],
    ["0.5", 500, 1],
    [".5", 500, 1],
    ["1.", 1_000, 1],
    ["1.G", 1_000_000_000_000, 1_000_000_000],
    ["+1", 1_000, 1],
    ["-1", -1_000, -1],
    ["00012", 12_000, 12],
    ["1e3", 1_000_000, 1_000],
    ["1E3", 1_000_000, 1_000],
    ["1e+3", 1_000_000, 1_000],
    ["12e-1", 1_200, 2],
    ["1e-10", 1, 1],
    ["100n", 1, 1],
    ["1u", 1, 1],
    ["1000001u", 1_001, 2],
    ["100.5m", 101, 1],
    ["0.0001", 1, 1],
    ["1k", 1_000_000, 1_000],
    ["0.1Ki", 102_400, 103],
    ["1536Mi", 1_610_612_736_000, 1_610_612_736],
    ["2Gi", 2_147_483_648_000, 2_147_483_648],
    ["1.5G", 1_500_000_000_000, 1_500_000_000],
    ["1.5Ti", 1_649_267_441_664_000, 1_649_267_441_664],
    ["7Pi", "out of range", 7_881_299_347_898_368],
    ["9e15", "out of range", 9_000_000_000_000_000],
  ];

test("every form of a Kubernetes quantity is read as the API server reads it", () => {
  for (const [text, cpuMilli, memoryBytes] of EXAMPLES) {
    if (cpuMilli === "out of range") assert.throws(() => parseCpuMilli(text), QuantityError, text);
    else assert.equal(parseCpuMilli(text), cpuMilli, text);
    assert.equal(parseMemoryBytes(text), memoryBytes, text);
  }
});

test("requests round up and capacity rounds down", () => {
  assert.equal(parseCpuMilli("100.5m", "up"), 101);
  assert.equal(parseCpuMilli("100.5m", "down"), 100);
  assert.equal(parseMemoryBytes("1500m", "up"), 2);
  assert.equal(parseMemoryBytes("1500m", "down"), 1);
});

test("a thousandth is kept exactly, so that sums of small requests round only once", () => {
  assert.equal(parseThousandths("1.0001"), 1_001n);
  assert.equal(parseThousandths("2Gi"), 2n * 1024n ** 3n * 1000n);
});

test("what is no quantity is refused, and so are signs and suffixes without a number", () => {
  // ParseQuantity reads a lone suffix or sign as zero; in a file that a person wrote it is a mistake.
  const garbage = [
    "",
    " ",
    "+",
    ".",
    "Mi",
    "m",
    "e3",
    "1.5.2",
    "1 Gi",
    " 1",
    "1\n",
    "1mi",
    "1ki",
    "1K",
    "1B",
  ];
  const more = ["1e", "1ee3", "1Kie3", "1e1.5", "--1", "+-1", "0x10", "1_000", "1,5", "NaN", "Infinity", "٣"];
  for (const text of [...garbage, ...more]) {
    assert.throws(() => parseMemoryBytes(text), QuantityError, JSON.stringify(text));
  }
});

test("a number beyond what integers hold is refused without building it", () => {
  for (const text of ["1e99999", "1e9999", "1e41", "9007199254740992", "1Ei", "1e-9999", "0".repeat(65)]) {
    assert.throws(() => parseMemoryBytes(text), QuantityError, text);
  }
  assert.equal(parseMemoryBytes("9007199254740991"), Number.MAX_SAFE_INTEGER);
});

test("an error quotes no more than the beginning of a long text", () => {
  assert.throws(
    () => parseMemoryBytes("x".repeat(100_000)),
    ({ message }: Error) => message.length < 200,
  );
});

const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: 9 });
const written: fc.Arbitrary<WrittenQuantity> = fc
  .record({
    sign: fc.constantFrom("" as const, "+" as const, "-" as const),
    whole: digits,
    fraction: fc.option(digits, { nil: undefined }),
    suffix: fc.constantFrom(...Object.keys(SUFFIXES)),
  })
  .filter(({ whole, fraction = "" }) => `${whole}${fraction}` !== "");

test("parsing agrees with rational arithmetic, whichever way it rounds", () => {
  fc.assert(
    fc.property(written, fc.constantFrom("up" as const, "down" as const), (quantity, rounding) => {
      const text = textOf(quantity);
      agrees(() => parseCpuMilli(text, rounding), rationalUnits(quantity, 1000n, rounding));
      agrees(() => parseMemoryBytes(text, rounding), rationalUnits(quantity, 1n, rounding));
      assert.equal(parseThousandths(text), rationalUnits(quantity, 1000n, "up"));
    }),
    { numRuns: 2_000 },
  );
});

test("what is printed reads back as the same number", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (amount) => {
      assert.equal(parseCpuMilli(formatCpu(amount)), amount);
      assert.equal(parseMemoryBytes(formatMemory(amount)), amount);
      const aligned = amount - (amount % 2 ** 20);
      assert.equal(parseMemoryBytes(formatMemory(aligned)), aligned);
    }),
  );
});

test("quantities print as people write them", () => {
  assert.deepEqual([0, 1, 250, 1_000, 1_500].map(formatCpu), ["0", "1m", "250m", "1", "1500m"]);
  const bytes = [0, 1_500, 2_048, 512 * 1024 ** 2, 1_536 * 1024 ** 2, 2 * 1024 ** 3, 1024 ** 4];
  assert.deepEqual(bytes.map(formatMemory), ["0", "1500", "2Ki", "512Mi", "1536Mi", "2Gi", "1Ti"]);
});

function agrees(parse: () => number, expected: bigint): void {
  const isSafe = expected >= -MAX_SAFE && expected <= MAX_SAFE;
  if (isSafe) assert.equal(BigInt(parse()), expected);
  else assert.throws(parse, QuantityError);
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
