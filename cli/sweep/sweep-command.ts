// `berth sweep`: a scenario over its policies, node counts, seeds and parameters, on all cores, and again where it was
// left.

import { dirname, resolve } from "node:path";
import { reportAndExit } from "#runtime/component.ts";
import { describeFlags } from "#runtime/flags.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { jobManifest } from "#sim/sweep/job-manifest.ts";
import {
  checkSweep,
  type PlannedTask,
  planSweep,
  runTask,
  type SweepPlan,
  taskBlocks,
} from "#sim/sweep/sweep-plan.ts";
import { sweepSummary, type SweepSummary } from "#sim/sweep/sweep-summary.ts";
import { summaryTable } from "#sim/sweep/summary-table.ts";
import { sweepReport } from "#sim/sweep/sweep-report.ts";
import { sweepTables } from "#sim/sweep/sweep-tables.ts";
import { baselineOf, baselineSizingOf, sweepTasks } from "#sim/sweep/sweep-tasks.ts";
import type { TaskResult } from "#sim/sweep/task-results.ts";
import { runInPool } from "#sim/sweep/worker-pool.ts";
import { readScenarioFile } from "#sim/scenario/scenario-file.ts";
import { fileNames } from "#sim/scenario/scenario-inputs.ts";
import { checkReportTargets, givenOptions, inputFile, wantsReport, writeReports } from "../report-output.ts";
import { type CommandOutput, standardOutput } from "../command-output.ts";
import { reencoded } from "../structured.ts";
import { partOf, readSweepOptions, type SweepOptions, sweepOptions, workersOf } from "./sweep-options.ts";
import { progressShown, WorkProgress } from "../work-progress.ts";

export const sweepCommand = {
  async run(argv: readonly string[]): Promise<void> {
    const interrupt = new AbortController();
    process.once("SIGINT", () => interrupt.abort());
    process.once("SIGTERM", () => interrupt.abort());
    try {
      await runSweep(argv, {
        ...standardOutput(),
        environment: process.env,
        signal: interrupt.signal,
      });
    } catch (error) {
      if (!(error instanceof OperationError)) reportAndExit(error);
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    }
  },
};

export interface SweepOutput extends CommandOutput {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/**
 * @throws UsageError for options and files that cannot work; OperationError where tasks failed or the sweep was
 * interrupted.
 */
export async function runSweep(argv: readonly string[], output: SweepOutput): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) return output.out(help());
  const options = readSweepOptions(argv);
  checkReportTargets(options);
  if (options.list) return output.out(taskList(options));
  if (options.printJob)
    return output.out(jobManifest({ ...options, completions: options.completions ?? 10 }));
  const files = { scenarioPath: options.scenario, resultsPath: options.out ?? "" };
  const plan = await planSweep(files);
  const part = partOf(options, output.environment);
  const mine = part === undefined ? plan.tasks : plan.tasks.filter(isIn(part));
  const due = mine.filter(({ key }) => !plan.results.has(key));
  // A part runs in a pod of a Job, whose log is all that there is of it.
  const isForProgram = options.output !== "table";
  const shown = progressShown(output.isTerminal, { isForProgram });
  const progress = new WorkProgress({
    total: mine.length,
    unit: "tasks",
    found: mine.length - due.length,
    shown: part !== undefined && shown === "none" ? "log" : shown,
    write: output.progress,
    nowMs: () => performance.now(),
  });
  if (part !== undefined) {
    for (const task of due) {
      await runTask(plan, task);
      progress.stepDone();
    }
    return progress.end();
  }
  if (due.length > 0) await checkSweep(plan);
  const outcome = await runInPool(taskBlocks(due), {
    args: [files.scenarioPath, files.resultsPath],
    workers: workersOf(options),
    signal: output.signal,
    onDone: () => progress.stepDone(),
  });
  progress.end();
  if (outcome.died > 0) output.progress(`${outcome.died} workers died and were replaced\n`);
  failIfAny(plan, outcome);
  const found = plan.tasks.map(({ key }) => plan.results.read(key));
  const summary = sweepSummary(found, baselineOf(plan.scenario), baselineSizingOf(plan.scenario));
  output.out(
    isForProgram
      ? reencoded(options.output, `${JSON.stringify({ ...plan.ground, ...summary }, null, 2)}\n`)
      : summaryTable(summary, { hasColour: output.hasColour }),
  );
  if (wantsReport(options)) await writeSweepReports(argv, { options, plan, summary, found });
}

interface FinishedSweep {
  readonly options: SweepOptions;
  readonly plan: SweepPlan;
  readonly summary: SweepSummary;
  readonly found: readonly TaskResult[];
}

async function writeSweepReports(
  argv: readonly string[],
  { options, plan, summary, found }: FinishedSweep,
): Promise<void> {
  const { scenario, tasks, ground } = plan;
  const files = fileNames(scenario).map((file) => resolve(dirname(options.scenario), file));
  const provenance = {
    version: ground.version,
    seed: seedsText(scenario.seeds),
    inputs: await Promise.all([options.scenario, ...files].map(inputFile)),
    options: givenOptions(argv),
  };
  await writeReports(options, {
    document: () => sweepReport({ name: scenario.name, summary, tasks: tasks.length, provenance }),
    tables: sweepTables(summary, found),
  });
}

const SEEDS_SHOWN_MAX = 10;

function seedsText(seeds: readonly number[]): string {
  const shown = seeds.slice(0, SEEDS_SHOWN_MAX).join(", ");
  return seeds.length > SEEDS_SHOWN_MAX ? `${shown} and ${seeds.length - SEEDS_SHOWN_MAX} more` : shown;
}

function help(): string {
  return `Runs a scenario over its policies, node counts, seeds and parameters, and compares the policies seed by seed.

Usage: berth sweep --scenario FILE --out FOLDER [options]

${describeFlags(sweepOptions)}
  --help

One task is one file in the folder, named by a hash of all it depends on. A sweep that was interrupted goes on where it
was when it is run again.
`;
}

function taskList({ scenario }: SweepOptions): string {
  const lines = sweepTasks(readScenarioFile(scenario)).map(({ index, point }) => {
    const { policy, seed, nodes, parameters } = point;
    const varied = Object.entries(parameters).map(([field, value]) => ` ${field}=${JSON.stringify(value)}`);
    return `${index} ${policy} seed=${seed}${nodes === undefined ? "" : ` nodes=${nodes}`}${varied.join("")}\n`;
  });
  return lines.join("");
}

function isIn({ index, completions }: { readonly index: number; readonly completions: number }) {
  // Neighbours, which cost about the same, go to different pods.
  return (task: PlannedTask): boolean => task.index % completions === index;
}

const FAILURES_SHOWN_MAX = 5;

function failIfAny(
  { tasks, results }: SweepPlan,
  { failed, wasInterrupted }: Awaited<ReturnType<typeof runInPool>>,
): void {
  if (failed.length > 0) {
    const shown = failed
      .slice(0, FAILURES_SHOWN_MAX)
      .map(({ index, message }) => `task ${index}: ${message}`);
    throw new OperationError("sweepTasksFailed", `${failed.length} tasks failed; ${shown.join("; ")}`);
  }
  if (!wasInterrupted) return;
  const done = tasks.filter(({ key }) => results.has(key)).length;
  throw new OperationError(
    "sweepInterrupted",
    `interrupted with ${done} of ${tasks.length} tasks done; the same command goes on from there`,
  );
}
