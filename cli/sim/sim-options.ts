// The options of `berth sim`.

import { z } from "zod";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { checkFlags, flagName, readFlags } from "#runtime/flags.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { TRACE_FORMATS } from "#sim/traces/load-trace.ts";
import { TRACE_ORDERS } from "#sim/traces/order.ts";
import { quantityFlag } from "../quantity-flag.ts";
import { reportOptions } from "../report-output.ts";

export const simOptions = z.strictObject({
  scenario: z
    .string()
    .optional()
    .describe(
      "scenario file (docs/reference/scenario.md) in place of the flags below but --seed and --output",
    ),
  printScenario: z
    .boolean()
    .default(false)
    .describe("print the scenario in force, of the file or of the flags, and end"),
  calibration: z
    .boolean()
    .default(false)
    .describe("print how the generated workload compares to the published figures, and end"),
  trace: z
    .string()
    .optional()
    .describe(
      "pod table or published trace: CSV, JSON lines or Parquet, plain or compressed; default: generated",
    ),
  format: z
    .enum(TRACE_FORMATS)
    .optional()
    .describe(`one of ${TRACE_FORMATS.join(", ")}; default: told by the content`),
  usage: z
    .string()
    .optional()
    .describe("container_usage.csv beside Alibaba 2018's containers: they request their peak of use"),
  largestMachineGib: z
    .number()
    .positive()
    .max(65_536)
    .optional()
    .describe("what Alibaba 2018's normalised memory is a share of (default 288)"),
  pods: z
    .int()
    .min(1)
    .optional()
    .describe("only the first N pods of the trace, or how many to generate (default 10000)"),
  seed: z.int().min(0).default(1).describe("seed of the generated trace, of the shuffled order and of ties"),
  order: z
    .enum(TRACE_ORDERS)
    .optional()
    .describe(
      "file, grouped or shuffled; default: grouped and shuffled for a trace without times, else file",
    ),
  nodes: z
    .string()
    .regex(/^(auto|[1-9]\d{0,5})$/, "is auto or a number of nodes from 1 to 999999")
    .optional()
    .describe("how many nodes, or auto for as many as the pods need (default auto)"),
  nodeSize: z.string().optional().describe("CPU,MEMORY of a node (default 32,128Gi)"),
  nodeTable: z.string().optional().describe("table of nodes: node, cpu, mem_gib; instead of --nodes"),
  policy: z
    .string()
    .optional()
    .describe("one or several of the policies below, or files of one's own; repeat it or separate by commas"),
  cap: z.int().min(1).optional().describe("at most N pods of an app on a node"),
  baseMib: z
    .number()
    .min(0)
    .max(1_048_576)
    .optional()
    .describe("memory of a bare instance in MiB (default 200)"),
  sidecarCpu: z.string().default("100m").describe("CPU of a sidecar of fixed size"),
  sidecarMemory: z.string().default("128Mi").describe("memory of a sidecar of fixed size"),
  output: z.enum(["table", "json", "yaml"]).default("table").describe("table, json or yaml; -o for short"),
  json: z.boolean().default(false).describe("the same as --output json"),
  minimumNodes: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe("also find how few nodes would do, in N orders: some ten replays for each"),
  explain: z.string().optional().describe("a pod of the trace whose placement by policy berth is explained"),
  bounds: z
    .enum(["sums", "lp"])
    .default("sums")
    .describe(
      "what nodes and instances are held against: plain sums, or a linear program, which takes longer",
    ),
  ...reportOptions,
});

export type SimOptions = z.infer<typeof simOptions> & {
  /** In place of the scenario file's own. */
  readonly isSeedGiven?: boolean;
};

/** @throws UsageError naming the flag that is wrong. */
export function readSimOptions(argv: readonly string[]): SimOptions {
  const given = readFlags(simOptions, plainFlags(argv));
  const options = checkFlags(simOptions, given);
  if (options.scenario === undefined) return options;
  const other = Object.keys(given).find((name) => !BESIDE_A_FILE.has(name));
  if (other === undefined) return { ...options, isSeedGiven: "seed" in given };
  throw new UsageError(
    `--${flagName(other)}: the scenario file says that; change it there, or leave the file out`,
  );
}

const BESIDE_A_FILE: ReadonlySet<string> = new Set([
  "scenario",
  "printScenario",
  "calibration",
  "seed",
  "output",
  "json",
  "bounds",
  "minimumNodes",
  "explain",
  ...Object.keys(reportOptions),
]);

/** @throws UsageError if one of the two is no quantity, or negative. */
export function parseSidecarSize(cpu: string, memory: string): Resources {
  const size = {
    cpuMilli: quantityFlag("--sidecar-cpu", () => parseCpuMilli(cpu.trim())),
    memoryBytes: quantityFlag("--sidecar-memory", () => parseMemoryBytes(memory.trim())),
  };
  if (size.cpuMilli < 0 || size.memoryBytes < 0) throw new UsageError("a sidecar's size is not negative");
  return size;
}

// Flags know no repetition: several --policy become one.
function plainFlags(argv: readonly string[]): readonly string[] {
  const plain: string[] = [];
  const policies: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    const next = argv[index + 1];
    if (argument.startsWith("--policy=")) policies.push(argument.slice("--policy=".length));
    else if (argument === "--policy" && next !== undefined && !next.startsWith("--")) {
      policies.push(next);
      index++;
    } else plain.push(argument);
  }
  return policies.length === 0 ? plain : [...plain, `--policy=${policies.join(",")}`];
}
