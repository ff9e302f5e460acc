// An instance in a worker thread: its own heap, environment and output, and memory shared with the host for its counts.

import { Worker } from "node:worker_threads";

import type { HeapLimits } from "../policy/heap-limits.ts";
import { isSpinning, isStalled, newWatchdog, observe } from "../policy/watchdog.ts";
import type { WatchdogLimits } from "../policy/watchdog.ts";
import type { BodyEnd, BodyListener, InstanceBody } from "./instance-body.ts";
import { InstanceCounters } from "./instance-counters.ts";
import type { InstanceOutput } from "./instance-output.ts";
import type { ThreadWatcher } from "./thread-cgroups.ts";
import { WORKER_BOOTSTRAP, workerCode } from "./worker-code.ts";
import type { FromThread, InstanceData, ToWorker } from "./worker-messages.ts";

export interface ThreadBodyOptions {
  readonly data: InstanceData;
  readonly heap: HeapLimits;
  readonly watchdog: WatchdogLimits;
  /** URL of a module to load first. */
  readonly preload: string | undefined;
  readonly output: InstanceOutput;
  readonly threads?: ThreadWatcher | undefined;
  readonly listener: BodyListener;
}

const OUT_OF_MEMORY = "ERR_WORKER_OUT_OF_MEMORY";

export class ThreadBody implements InstanceBody {
  readonly counters = new InstanceCounters();
  readonly #worker: Worker;
  readonly #limits: WatchdogLimits;
  #watchdog = newWatchdog;
  #measuredMicros = 0;
  #isMeasuring = false;
  #isExecuting = false;

  constructor({ data, heap, watchdog, preload, output, threads, listener }: ThreadBodyOptions) {
    this.#limits = watchdog;
    const worker = new Worker(WORKER_BOOTSTRAP, {
      eval: true,
      name: data.app,
      workerData: {
        ...data,
        counters: this.counters.buffer,
        isThreadWanted: threads !== undefined,
        code: workerCode("thread"),
        preload,
      },
      env: {},
      argv: [],
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: heap,
    });
    this.#worker = worker;
    output.follow("stdout", worker.stdout);
    output.follow("stderr", worker.stderr);
    let error: Error | undefined;
    worker.on("message", (message: FromThread) => {
      if (message.kind === "thread") threads?.started(data.app, message.nativeThreadId);
      else listener.said(message);
    });
    worker.on("error", (thrown: unknown) => {
      error = thrown instanceof Error ? thrown : new Error(String(thrown));
    });
    worker.on("exit", (code) => listener.ended(endOf(code, error)));
  }

  readonly process = undefined;

  get cpuMicros(): number {
    return Math.max(this.#measuredMicros, this.counters.get("cpuMicros"));
  }

  tell(message: ToWorker): void {
    this.#worker.postMessage(message, []);
  }

  terminate(): void {
    void this.#worker.terminate();
  }

  isStuck(elapsedMs: number): boolean {
    const { cpuMicros } = this;
    const before = this.#watchdog;
    const progress = this.counters.progress();
    this.#watchdog = observe(before, { progress, cpuMicros, elapsedMs });
    if (this.#watchdog.silentMs === 0) this.#isExecuting = false;
    // A thread that beats says itself what it used; one that is silent for longer has to be asked.
    if (this.#watchdog.silentMs >= this.#limits.suspectMs) void this.#ask();
    if (isStalled(this.#watchdog, cpuMicros, this.#limits)) return true;
    return this.#isExecuting && isSpinning(this.#watchdog, cpuMicros, this.#limits);
  }

  /** Only a thread in the middle of JavaScript answers, not one that collects garbage or waits. */
  async #ask(): Promise<void> {
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    const progress = this.counters.progress();
    try {
      const { user, system } = await this.#worker.cpuUsage();
      this.#measuredMicros = user + system;
      this.#isExecuting = progress === this.counters.progress();
    } catch {
      // The worker ended meanwhile, which its exit event reports.
    } finally {
      this.#isMeasuring = false;
    }
  }
}

function endOf(code: number, error: Error | undefined): BodyEnd {
  if (error === undefined) return { code, reason: undefined, message: undefined };
  const isOutOfMemory = "code" in error && error.code === OUT_OF_MEMORY;
  return { code, reason: isOutOfMemory ? "out-of-memory" : "uncaught-error", message: error.message };
}
