// Hands tasks to worker processes until all are done. A worker that dies loses the task it was at, which is given to
// another, and is replaced.

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

export interface PoolOptions {
  /** Arguments of the worker's program. */
  readonly args: readonly string[];
  readonly workers: number;
  /** Ends all early; what is done stays done. */
  readonly signal?: AbortSignal;
  readonly onDone?: (index: number) => void;
  /** A worker was started; its process, for those who want to harm it. */
  readonly onWorker?: (worker: ChildProcess) => void;
}

export interface PoolOutcome {
  readonly failed: readonly { readonly index: number; readonly message: string }[];
  /** Workers that ended without being told to. */
  readonly died: number;
  readonly wasInterrupted: boolean;
}

/** A task that kills so many workers is not the victim. */
const ATTEMPTS_MAX = 3;
/** Workers that die before they are ready are not replaced for ever. */
const DEATHS_IN_A_ROW_MAX = 10;

/** @param blocks tasks that share what they read; a worker takes a block, and at the end what others have not begun. */
export async function runInPool(
  blocks: readonly (readonly number[])[],
  options: PoolOptions,
): Promise<PoolOutcome> {
  const some = blocks.filter(({ length }) => length > 0);
  if (some.length === 0) return { failed: [], died: 0, wasInterrupted: false };
  return new WorkerPool(some, options).run();
}

class WorkerPool {
  readonly #options: PoolOptions;
  /** Blocks nobody has taken; the first is taken from the end, as within each block. */
  readonly #pending: number[][];
  readonly #workers = new Map<ChildProcess, WorkerTasks>();
  readonly #attempts = new Map<number, number>();
  readonly #failed: { readonly index: number; readonly message: string }[] = [];
  readonly #finished = Promise.withResolvers<void>();
  #left: number;
  #died = 0;
  #deathsInARow = 0;
  #isEnding = false;

  constructor(blocks: readonly (readonly number[])[], options: PoolOptions) {
    this.#options = options;
    this.#pending = blocks.map((block) => block.toReversed()).toReversed();
    this.#left = blocks.flat().length;
  }

  async run(): Promise<PoolOutcome> {
    const { workers, signal } = this.#options;
    const stop = (): void => this.#end();
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted === true) this.#end();
    else for (let count = Math.min(workers, this.#left); count > 0; count--) this.#startWorker();
    await this.#finished.promise;
    signal?.removeEventListener("abort", stop);
    return {
      failed: this.#failed.sort((a, b) => a.index - b.index),
      died: this.#died,
      wasInterrupted: signal?.aborted === true,
    };
  }

  #startWorker(): void {
    const worker = fork(fileURLToPath(WORKER), [...this.#options.args]);
    this.#workers.set(worker, { running: undefined, own: [] });
    worker.on("message", (message: FromWorker) => this.#hear(worker, message));
    worker.on("error", () => undefined);
    worker.once("exit", () => this.#exited(worker));
    this.#options.onWorker?.(worker);
  }

  #hear(worker: ChildProcess, message: FromWorker): void {
    const tasks = this.#workers.get(worker);
    if (tasks === undefined) return;
    if (message.kind !== "ready") {
      this.#deathsInARow = 0;
      tasks.running = undefined;
      if (message.kind === "failed") this.#failed.push({ index: message.index, message: message.message });
      else this.#options.onDone?.(message.index);
      this.#settleOne();
    }
    this.#give(worker, tasks);
  }

  #give(worker: ChildProcess, tasks: WorkerTasks): void {
    if (this.#isEnding) return;
    if (tasks.own.length === 0) tasks.own = this.#pending.pop() ?? this.#takeFromOthers();
    const index = tasks.own.pop();
    if (index === undefined) return;
    tasks.running = index;
    this.#attempts.set(index, (this.#attempts.get(index) ?? 0) + 1);
    const order: ToWorker = { index };
    // A worker that is gone by now exits in a moment, and the task is given to another.
    worker.send(order, () => undefined);
  }

  /** The last task of the one with the most to do. */
  #takeFromOthers(): number[] {
    let most: WorkerTasks | undefined;
    for (const tasks of this.#workers.values()) {
      if (tasks.own.length > (most?.own.length ?? 0)) most = tasks;
    }
    return most?.own.splice(0, 1) ?? [];
  }

  #exited(worker: ChildProcess): void {
    const tasks = this.#workers.get(worker);
    this.#workers.delete(worker);
    if (this.#isEnding) {
      if (this.#workers.size === 0) this.#finished.resolve();
      return;
    }
    this.#died++;
    this.#deathsInARow++;
    if (tasks !== undefined) this.#takeBack(tasks);
    if (this.#deathsInARow > DEATHS_IN_A_ROW_MAX) return this.#giveUp();
    if (!this.#isEnding) this.#startWorker();
  }

  #takeBack({ running, own }: WorkerTasks): void {
    const again = running !== undefined && (this.#attempts.get(running) ?? 0) < ATTEMPTS_MAX;
    const block = again ? [...own, running] : own;
    if (block.length > 0) this.#pending.push(block);
    if (running === undefined || again) return;
    this.#failed.push({ index: running, message: `its worker died ${ATTEMPTS_MAX} times` });
    this.#settleOne();
  }

  #giveUp(): void {
    const begun = [...this.#workers.values()].flatMap(({ running, own }) => [...own, running ?? []].flat());
    for (const index of [...this.#pending.flat(), ...begun]) {
      this.#failed.push({ index, message: "workers die before they have begun" });
    }
    this.#end();
  }

  #settleOne(): void {
    this.#left--;
    if (this.#left === 0) this.#end();
  }

  #end(): void {
    this.#isEnding = true;
    if (this.#workers.size === 0) this.#finished.resolve();
    for (const worker of this.#workers.keys()) worker.kill("SIGKILL");
  }
}

interface WorkerTasks {
  running: number | undefined;
  /** Of its block, still to be run. */
  own: number[];
}

const WORKER = new URL("./sweep-worker.ts", import.meta.url);
