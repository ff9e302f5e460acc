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

export async function runInPool(indexes: readonly number[], options: PoolOptions): Promise<PoolOutcome> {
  if (indexes.length === 0) return { failed: [], died: 0, wasInterrupted: false };
  return new WorkerPool(indexes, options).run();
}

class WorkerPool {
  readonly #options: PoolOptions;
  readonly #pending: number[];
  readonly #atWork = new Map<ChildProcess, number | undefined>();
  readonly #attempts = new Map<number, number>();
  readonly #failed: { readonly index: number; readonly message: string }[] = [];
  readonly #finished = Promise.withResolvers<void>();
  #left: number;
  #died = 0;
  #deathsInARow = 0;
  #isEnding = false;

  constructor(indexes: readonly number[], options: PoolOptions) {
    this.#options = options;
    // The first is taken from the end.
    this.#pending = indexes.toReversed();
    this.#left = indexes.length;
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
    this.#atWork.set(worker, undefined);
    worker.on("message", (message: FromWorker) => this.#hear(worker, message));
    worker.on("error", () => undefined);
    worker.once("exit", () => this.#exited(worker));
    this.#options.onWorker?.(worker);
  }

  #hear(worker: ChildProcess, message: FromWorker): void {
    if (message.kind !== "ready") {
      this.#deathsInARow = 0;
      this.#atWork.set(worker, undefined);
      if (message.kind === "failed") this.#failed.push({ index: message.index, message: message.message });
      else this.#options.onDone?.(message.index);
      this.#settleOne();
    }
    this.#give(worker);
  }

  #give(worker: ChildProcess): void {
    if (this.#isEnding) return;
    const index = this.#pending.pop();
    if (index === undefined) return;
    this.#atWork.set(worker, index);
    this.#attempts.set(index, (this.#attempts.get(index) ?? 0) + 1);
    const order: ToWorker = { index };
    // A worker that is gone by now exits in a moment, and the task is given to another.
    worker.send(order, () => undefined);
  }

  #exited(worker: ChildProcess): void {
    const lost = this.#atWork.get(worker);
    this.#atWork.delete(worker);
    if (this.#isEnding) {
      if (this.#atWork.size === 0) this.#finished.resolve();
      return;
    }
    this.#died++;
    this.#deathsInARow++;
    if (lost !== undefined) this.#takeBack(lost);
    if (this.#deathsInARow > DEATHS_IN_A_ROW_MAX) return this.#giveUp();
    if (!this.#isEnding) this.#startWorker();
  }

  #takeBack(index: number): void {
    if ((this.#attempts.get(index) ?? 0) < ATTEMPTS_MAX) return void this.#pending.push(index);
    this.#failed.push({ index, message: `its worker died ${ATTEMPTS_MAX} times` });
    this.#settleOne();
  }

  #giveUp(): void {
    for (const index of this.#pending)
      this.#failed.push({ index, message: "workers die before they have begun" });
    this.#end();
  }

  #settleOne(): void {
    this.#left--;
    if (this.#left === 0) this.#end();
  }

  #end(): void {
    this.#isEnding = true;
    if (this.#atWork.size === 0) this.#finished.resolve();
    for (const worker of this.#atWork.keys()) worker.kill("SIGKILL");
  }
}

const WORKER = new URL("./sweep-worker.ts", import.meta.url);
