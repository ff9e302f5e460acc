// Runs one task of a sweep, and takes from it what is compared and kept.

import { type PreparedScenario, prepareScenario, runScenario } from "../scenario/scenario-run.ts";
import { type RunFigures, runFigures, sizingFigures } from "./run-figures.ts";
import { type SweepTask, workloadKey } from "./sweep-tasks.ts";

export interface TaskRun {
  readonly base: string;
  readonly order: string;
  /** How the run's proxies were sized, where these are the figures of one way to do so. */
  readonly sizing?: string;
  readonly figures: RunFigures;
}

/** Runs tasks one after the other and keeps what they read, since neighbours mostly read the same. */
export class TaskRunner {
  readonly #folder: string;
  #kept: { readonly key: string; readonly prepared: PreparedScenario } | undefined;

  /** @param folder where relative names of files start. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws UsageError for what only shows when the files are read. */
  async prepare(task: SweepTask): Promise<PreparedScenario> {
    const { scenario } = task;
    const { seed } = task.point;
    const key = workloadKey(task);
    const pods = this.#kept?.key === key ? this.#kept.prepared.pods : undefined;
    const prepared = await prepareScenario(scenario, {
      folder: this.#folder,
      seed,
      ...(pods !== undefined && { pods }),
    });
    this.#kept = { key, prepared };
    return prepared;
  }

  /** @throws UsageError as prepare does. */
  async run(task: SweepTask): Promise<readonly TaskRun[]> {
    const isSurveyed = task.point.isSurveyed === true;
    return runScenario(await this.prepare(task), undefined, { isSurveyed }).results.flatMap(
      ({ base, comparison, money }) =>
        comparison.runs.flatMap((run, index): readonly TaskRun[] => {
          const { order } = run;
          const sizings = sizingFigures(run).map((one) => Object.assign({ base, order }, one));
          return [{ base, order, figures: runFigures(run, money?.[index]) }, ...sizings];
        }),
    );
  }
}
