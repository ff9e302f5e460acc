// What a sweep of small tasks gains by running on all cores, and what the death of workers costs it. The same tasks are
// run three times into folders of their own: a part of them by one worker, all of them by as many workers as there are
// cores, and all of them once more while workers are killed; the last two must have equal bytes.

import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "#runtime/usage-error.ts";
import { planSweep, taskBlocks } from "#sim/sweep/sweep-plan.ts";
import { runInPool } from "#sim/sweep/worker-pool.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";

export const sweepBench: Bench = {
  summary: "a sweep of small tasks on one core and on all, and with workers killed",
  run: benchSweep,
};

interface Depth {
  readonly seeds: number;
  /** Tasks that the single worker runs. */
  readonly alone: number;
  readonly kills: number;
}

const FULL: Depth = { seeds: 125, alone: 400, kills: 5 };
const QUICK: Depth = { seeds: 15, alone: 56, kills: 2 };

async function benchSweep({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  if (argv.length > 0)
    throw new UsageError(`bench sweep takes no arguments, but "${argv.join(" ")}" was given`);
  const depth = isQuick ? QUICK : FULL;
  const workers = availableParallelism();
  const folder = mkdtempSync(join(tmpdir(), "berth-bench-sweep-"));
  try {
    const scenarioPath = join(folder, "scenario.yaml");
    writeFileSync(scenarioPath, scenarioText(depth.seeds));
    const measure = (name: string, options: Omit<Run, "scenarioPath" | "resultsPath">): Promise<Measured> => {
      progress(`${name}, ${options.workers} workers`);
      return runOnce({ ...options, scenarioPath, resultsPath: join(folder, name) });
    };
    const alone = await measure("alone", { workers: 1, tasks: depth.alone, kills: 0 });
    const all = await measure("all", { workers, kills: 0 });
    const killed = await measure("killed", { workers, kills: depth.kills });
    const figures = {
      tasks: all.tasks,
      workers,
      seconds: all.seconds,
      // Tasks per second and worker, beside those of the worker that was alone.
      parallelEfficiency: alone.secondsPerTask / (all.secondsPerTask * workers),
      alone,
      killedWorkers: killed.died,
      secondsWithKills: killed.seconds,
      missingResults: killed.missing,
      resultsEqual: killed.hash === all.hash,
      isQuick,
    };
    return { figures, table: tableOf(figures) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** 8 tasks per seed: two policies, two caps and two sizes of the fleet. Some 50 ms each. */
function scenarioText(seeds: number): string {
  const list = Array.from({ length: seeds }, (_, index) => index + 1).join(", ");
  return `apiVersion: sim.berth.dev/v1alpha1
kind: Scenario
workload: { generator: { pods: 1500, spanSeconds: 86400, batchShare: 0.3, podSize: 0.25 }, tooLarge: wait }
fleet: { shapes: [{ count: 40, cpu: 32, memory: 128Gi }] }
policies: [kube-default, berth]
seeds: [${list}]
sweep:
  nodes: [40, 60]
  parameters: { mesh.podsPerNodeMax: [2, 4] }
`;
}

interface Run {
  readonly scenarioPath: string;
  readonly resultsPath: string;
  readonly workers: number;
  /** All if absent. */
  readonly tasks?: number;
  /** Workers killed on the way, evenly. */
  readonly kills: number;
}

interface Measured {
  readonly tasks: number;
  readonly seconds: number;
  readonly secondsPerTask: number;
  readonly died: number;
  readonly missing: number;
  /** Of the results' names and bytes. */
  readonly hash: string;
}

/** Seconds begin before the first worker is started and end when the last has ended. */
async function runOnce({ scenarioPath, resultsPath, workers, tasks, kills }: Run): Promise<Measured> {
  const plan = await planSweep({ scenarioPath, resultsPath });
  // Whole seeds come first, each with all policies and settings: a part of the tasks costs per task what all of them do.
  const part = plan.tasks.slice(0, tasks);
  const alive = new Set<ChildProcess>();
  let done = 0;
  let killed = 0;
  const startedMs = performance.now();
  const outcome = await runInPool(taskBlocks(part), {
    args: [scenarioPath, resultsPath],
    workers,
    onWorker: (worker) => {
      alive.add(worker);
      worker.once("exit", () => alive.delete(worker));
    },
    onDone: () => {
      done++;
      if (killed >= kills || done < ((killed + 1) * part.length) / (kills + 1)) return;
      const [oldest] = alive;
      if (oldest?.kill("SIGKILL") === true) killed++;
    },
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const [failure] = outcome.failed;
  if (failure !== undefined) throw new Error(`task ${failure.index}: ${failure.message}`);
  const missing = part.filter(({ key }) => !plan.results.has(key)).length;
  return {
    tasks: part.length,
    seconds,
    secondsPerTask: seconds / part.length,
    died: outcome.died,
    missing,
    hash: hashOf(resultsPath),
  };
}

function hashOf(folder: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest("hex");
}

interface Figures {
  readonly tasks: number;
  readonly workers: number;
  readonly seconds: number;
  readonly parallelEfficiency: number;
  readonly alone: Measured;
  readonly killedWorkers: number;
  readonly secondsWithKills: number;
  readonly missingResults: number;
  readonly resultsEqual: boolean;
}

function tableOf(figures: Figures): string {
  const { tasks, workers, seconds, parallelEfficiency, alone } = figures;
  const { killedWorkers, secondsWithKills, missingResults, resultsEqual } = figures;
  return [
    `one worker: ${alone.tasks} tasks in ${alone.seconds.toFixed(1)} s, ${(alone.secondsPerTask * 1000).toFixed(1)} ms each`,
    `${workers} workers: ${tasks} tasks in ${seconds.toFixed(1)} s, ${Math.round(parallelEfficiency * 100)} % of ${workers} times as fast`,
    `${killedWorkers} workers killed: ${secondsWithKills.toFixed(1)} s, ${missingResults} results missing, ` +
      `the others ${resultsEqual ? "the same byte for byte" : "NOT the same"}`,
  ].join("\n");
}
