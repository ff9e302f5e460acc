// The options of `berth sweep`.

import { availableParallelism } from "node:os";
import { z } from "zod";
import { checkFlags, readFlags } from "#runtime/flags.ts";
import { cpuQuantity, memoryQuantity } from "#runtime/quantity-schema.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { reportOptions } from "../report-output.ts";
import { SWEEP_TASKS_MAX } from "#sim/sweep/sweep-tasks.ts";

/** More processes than any machine has cores. */
const WORKERS_MAX = 1024;

export const sweepOptions = z.strictObject({
  scenario: z.string().describe("scenario file; its policies, seeds and sweep say what is run"),
  out: z
    .string()
    .optional()
    .describe("folder of the results, one file per task; what is there is not run again"),
  workers: z
    .int()
    .min(1)
    .max(WORKERS_MAX)
    .optional()
    .describe("processes to run tasks in; as many as the machine has cores if absent"),
  list: z.boolean().default(false).describe("list the tasks and end"),
  index: z
    .int()
    .min(0)
    .optional()
    .describe("run this part of --completions parts, in this process; JOB_COMPLETION_INDEX if absent"),
  completions: z
    .int()
    .min(1)
    .max(SWEEP_TASKS_MAX)
    .optional()
    .describe("of how many parts --index is one; with --print-job, how many pods there are (default 10)"),
  printJob: z.boolean().default(false).describe("print a Kubernetes Job that runs the parts, and end"),
  image: z.string().default("berth:0.1.0").describe("with --print-job: Berth's image"),
  name: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$/, "is a name of small letters, digits and dashes")
    .default("berth-sweep")
    .describe("with --print-job: of the Job and its ConfigMap"),
  claim: z
    .string()
    .optional()
    .describe("with --print-job: PersistentVolumeClaim for results and traces, at /sweep"),
  hostPath: z.string().optional().describe("with --print-job: a folder of the node in its place"),
  parallelism: z.int().min(1).optional().describe("with --print-job: pods at once; all if absent"),
  cpu: cpuQuantity.default("1").describe("with --print-job: what a pod requests"),
  memory: memoryQuantity.default("1Gi").describe("with --print-job: what a pod requests and may use"),
  output: z.enum(["table", "json", "yaml"]).default("table").describe("table, json or yaml; -o for short"),
  ...reportOptions,
});

export type SweepOptions = z.infer<typeof sweepOptions>;

/** @throws UsageError naming the flag that is wrong. */
export function readSweepOptions(argv: readonly string[]): SweepOptions {
  const options = checkFlags(sweepOptions, readFlags(sweepOptions, argv));
  const { index, completions, out, list, printJob, claim, hostPath } = options;
  if (index !== undefined && completions === undefined) {
    throw new UsageError("--index: is one of --completions parts; say how many there are");
  }
  if (index !== undefined && completions !== undefined && index >= completions) {
    throw new UsageError(`--index: ${index} is not below --completions ${completions}`);
  }
  if (printJob && (claim === undefined) === (hostPath === undefined)) {
    throw new UsageError("--print-job: needs --claim or --host-path, where the pods put their results");
  }
  if (out === undefined && !list && !printJob) throw new UsageError("--out: name the folder of the results");
  return options;
}

export function workersOf({ workers }: SweepOptions): number {
  return workers ?? availableParallelism();
}

/** The part this process is to run, as an Indexed Job tells its pods; undefined for all. */
export function partOf(
  { index, completions }: SweepOptions,
  environment: NodeJS.ProcessEnv,
): { readonly index: number; readonly completions: number } | undefined {
  if (completions === undefined) return undefined;
  const given = index ?? Number(environment["JOB_COMPLETION_INDEX"] ?? NaN);
  if (Number.isInteger(given) && given >= 0 && given < completions) return { index: given, completions };
  throw new UsageError(
    `--completions ${completions}: needs --index, or JOB_COMPLETION_INDEX as an Indexed Job sets it, from 0 to ${completions - 1}`,
  );
}
