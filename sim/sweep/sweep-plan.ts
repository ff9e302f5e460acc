// A sweep ready to be run: its tasks by name, and the folder of its results. Whoever has the same files plans the same.

import { dirname } from "node:path";
import { berthVersion } from "#runtime/berth-version.ts";
import { readScenarioFile } from "../scenario/scenario-file.ts";
import { inputFiles } from "../scenario/scenario-inputs.ts";
import type { Scenario } from "../scenario/scenario-schema.ts";
import { type SweepTask, sweepTasks, workloadKey } from "./sweep-tasks.ts";
import { ResultFolder, type SweepGround, taskKey } from "./task-results.ts";
import { TaskRunner } from "./task-run.ts";

export interface SweepPlan {
  readonly scenario: Scenario;
  readonly tasks: readonly PlannedTask[];
  readonly results: ResultFolder;
  readonly runner: TaskRunner;
  readonly ground: SweepGround;
}

export interface PlannedTask extends SweepTask {
  /** Name of its result. */
  readonly key: string;
}

export interface SweepFiles {
  readonly scenarioPath: string;
  readonly resultsPath: string;
}

/** @throws UsageError for whatever is wrong with the scenario, its files or the folder. */
export async function planSweep({ scenarioPath, resultsPath }: SweepFiles): Promise<SweepPlan> {
  const file = readScenarioFile(scenarioPath);
  const folder = dirname(scenarioPath);
  const ground = { version: berthVersion(), inputs: await inputFiles(file.scenario, folder) };
  const tasks = sweepTasks(file).map((task) => Object.assign({ key: taskKey(task, ground) }, task));
  return {
    scenario: file.scenario,
    tasks,
    results: new ResultFolder(resultsPath),
    runner: new TaskRunner(folder),
    ground,
  };
}

/** Runs a task and writes its result. */
export async function runTask({ runner, results, ground }: SweepPlan, task: PlannedTask): Promise<void> {
  const runs = await runner.run(task);
  results.write(task.key, { ...ground, point: task.point, runs });
}

/** Settings that are tried before a sweep is begun. */
const CHECKED_TASKS_MAX = 64;

/**
 * Reads what the tasks of the first seed need, so that what cannot work is said before anything is run.
 *
 * @throws UsageError for whatever the tasks would fail of.
 */
export async function checkSweep({ tasks, runner }: SweepPlan): Promise<void> {
  const [first] = tasks;
  const ofFirstSeed = tasks.filter(({ point: { seed } }) => seed === first?.point.seed);
  for (const task of ofFirstSeed.slice(0, CHECKED_TASKS_MAX)) await runner.prepare(task);
}

/** So long a block is at most: workers shall end at about the same time. */
const BLOCK_TASKS_MAX = 16;

/** Numbers of tasks that a worker best runs one after the other, since it reads for them but once. */
export function taskBlocks(tasks: readonly PlannedTask[]): readonly (readonly number[])[] {
  const blocks: number[][] = [];
  let last: string | undefined;
  for (const task of tasks) {
    const key = workloadKey(task);
    const block = blocks.at(-1);
    if (block === undefined || key !== last || block.length === BLOCK_TASKS_MAX) blocks.push([task.index]);
    else block.push(task.index);
    last = key;
  }
  return blocks;
}
