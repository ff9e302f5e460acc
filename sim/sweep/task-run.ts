// Runs one task of a sweep, and takes from it what is compared and kept.

import type { ComparedRun } from "../engine/comparison.ts";
import type { RunMoney } from "../scenario/money.ts";
import { type PreparedScenario, prepareScenario, runScenario } from "../scenario/scenario-run.ts";
import { type SweepTask, workloadKey } from "./sweep-tasks.ts";

export interface TaskRun {
  readonly base: string;
  readonly order: string;
  /** Null where a run has none. */
  readonly figures: Readonly<Record<string, number | null>>;
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
    return runScenario(await this.prepare(task), undefined, { isSurveyed: false }).results.flatMap(
      ({ base, comparison, money }) =>
        comparison.runs.map((run, index) => ({
          base,
          order: run.order,
          figures: figuresOf(run, money?.[index]),
        })),
    );
  }
}

function figuresOf(run: ComparedRun, money: RunMoney | undefined): TaskRun["figures"] {
  const { peak, average, pods, bounds } = run;
  const figures: Record<string, number | undefined> = {
    nodesUsed: peak.nodesUsed,
    instances: peak.instances,
    reuse: peak.reuse,
    meshCpuMilli: peak.meshCpuMilliGranted,
    meshMemoryBytes: peak.meshMemoryBytesGranted,
    nodesUsedAverage: average?.nodesUsed,
    instancesAverage: average?.instances,
    meshMemoryBytesAverage: average?.meshMemoryBytesGranted,
    unplaced: pods.unplaced,
    waitingMax: pods.waitingMax,
    overcommits: run.overcommits,
    capViolations: run.capViolations,
    resizes: run.resizes.grown + run.resizes.shrunk,
    pendingSecondsP99: run.pending.secondsP99,
    kubeletRejections: run.watch && run.watch.rejectedForRoom + run.watch.rejectedWithNode,
    lingeringHours: run.instances?.lingeringHours,
    cpuShortfallNodeSeconds: run.resizing?.shortfall.cpuNodeSeconds,
    memoryShortfallNodeSeconds: run.resizing?.shortfall.memoryNodeSeconds,
    nodesBound: bounds.nodes,
    instancesBound: bounds.instances,
    podsLostMax: mostLost(run, "pods"),
    appsLostMax: mostLost(run, "apps"),
    moneyPerHour: money?.perHour,
    moneyUsedPerHour: money?.usedPerHour,
  };
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, value ?? null]));
}

/** With one node or zone; undefined where none was lost. */
function mostLost({ blasts }: ComparedRun, what: "pods" | "apps"): number | undefined {
  return blasts.length === 0 ? undefined : Math.max(...blasts.map((blast) => blast[what]));
}
