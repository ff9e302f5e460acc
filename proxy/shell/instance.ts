// One app's instance as the host sees it: carries out what its lifecycle decides, watches its worker's progress, and
// keeps what has to outlive a worker.

import { Worker } from "node:worker_threads";

import { assertNever } from "#model/assert.ts";
import type { AppName } from "#model/brand.ts";
import type { AppPorts, Quota } from "#model/mesh-profile.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";

import { heapLimits } from "../policy/heap-limits.ts";
import { isServing, newInstance, stepInstance, wakeAtMs } from "../policy/instance-lifecycle.ts";
import type {
  ExitReason,
  InstanceEffect,
  InstanceEvent,
  InstanceState,
  LifecycleTimes,
} from "../policy/instance-lifecycle.ts";
import { isStalled, newWatchdog, observe } from "../policy/watchdog.ts";
import type { WatchdogLimits } from "../policy/watchdog.ts";
import { InstanceCounters } from "./instance-counters.ts";
import { InstanceOutput } from "./instance-output.ts";
import type { DataPathTimes, FromWorker, InstanceData, PodEndpoint, ToWorker } from "./worker-messages.ts";

export interface InstanceOptions {
  readonly app: AppName;
  readonly nodeAddress: string;
  /** Ports of an earlier life, taken again where the given ones are any. */
  readonly boundPorts?: AppPorts | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lifecycle: LifecycleTimes;
  readonly dataPath: DataPathTimes;
  readonly watchdog: WatchdogLimits;
  /** Node's own flags for the worker, such as `--import` of a module to load first. */
  readonly workerExecArgv: readonly string[];
  /** The state changed in a way that others may want to know. */
  readonly changed: () => void;
}

export interface LastExit {
  readonly reason: ExitReason;
  readonly message: string | undefined;
  readonly atMs: number;
}

/** Of an error's text, as much as a status page needs. */
const MESSAGE_CHARACTERS_MAX = 500;
const OUT_OF_MEMORY = "ERR_WORKER_OUT_OF_MEMORY";
const ENTRY = new URL("./instance-worker.ts", import.meta.url);

export class Instance {
  readonly app: AppName;
  readonly counters = new InstanceCounters();
  readonly #options: InstanceOptions;
  readonly #output: InstanceOutput;
  readonly #restarts = new Map<ExitReason, number>();
  #state: InstanceState = newInstance();
  #worker: Worker | undefined;
  #cancelWake: Cancel | undefined;
  #watchdog = newWatchdog;
  #isMeasuring = false;
  #cpuMicrosOfTheDead = 0;
  #cpuMicrosMeasured = 0;
  #quota: Quota = {};
  #endpoints: readonly PodEndpoint[] = [];
  #boundPorts: AppPorts | undefined;
  #lastExit: LastExit | undefined;
  #isRetiring = false;
  #isSettled = false;
  readonly #gone = Promise.withResolvers<void>();

  constructor(options: InstanceOptions) {
    this.app = options.app;
    this.#options = options;
    this.#boundPorts = options.boundPorts;
    this.#output = new InstanceOutput(options);
  }

  get state(): InstanceState {
    return this.#state;
  }

  get isServing(): boolean {
    return isServing(this.#state);
  }

  /** The ports in use, or those it had last. */
  get boundPorts(): AppPorts | undefined {
    return this.#boundPorts;
  }

  /** What was in progress when it was told to retire has ended. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  get quota(): Quota {
    return this.#quota;
  }

  get lastExit(): LastExit | undefined {
    return this.#lastExit;
  }

  /** Unplanned ends of its workers, by reason. */
  get restarts(): ReadonlyMap<ExitReason, number> {
    return this.#restarts;
  }

  /** CPU time of all its workers so far, in seconds. */
  get cpuSeconds(): number {
    return (this.#cpuMicrosOfTheDead + this.#cpuMicrosOfTheLiving()) / 1e6;
  }

  /** Resolves once the instance has gone for good. */
  get whenGone(): Promise<void> {
    return this.#gone.promise;
  }

  handle(event: InstanceEvent): void {
    const { clock, lifecycle } = this.#options;
    const before = this.#state;
    const step = stepInstance(before, event, { nowMs: clock.nowMs(), times: lifecycle });
    this.#state = step.state;
    for (const effect of step.effects) this.#carryOut(effect);
    this.#scheduleWake();
    if (before.phase.kind !== this.#state.phase.kind) this.#options.changed();
  }

  /** The memory quota counts from the next start of a worker on; everything else at once. */
  setQuota(quota: Quota): void {
    if (JSON.stringify(quota) === JSON.stringify(this.#quota)) return;
    this.#quota = quota;
    this.#tell({ kind: "quota", quota });
  }

  setEndpoints(endpoints: readonly PodEndpoint[]): void {
    if (JSON.stringify(endpoints) === JSON.stringify(this.#endpoints)) return;
    this.#endpoints = endpoints;
    this.#tell({ kind: "endpoints", endpoints });
  }

  /** Closes every connection after its next answer from now on, and goes on accepting. */
  retire(): void {
    this.#isRetiring = true;
    this.#tell({ kind: "retire" });
  }

  /** Called at a steady pace. @param elapsedMs since the last call. */
  inspect(elapsedMs: number): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    const beats = this.counters.get("beats");
    const cpuMicros = this.#cpuMicrosOfTheLiving();
    this.#watchdog = observe(this.#watchdog, { beats, cpuMicros, elapsedMs });
    // A worker that beats says itself what it used; one that is silent has to be measured from outside.
    if (this.#watchdog.silentMs > 0) void this.#measure(worker);
    if (isStalled(this.#watchdog, cpuMicros, this.#options.watchdog)) this.handle({ kind: "stalled" });
  }

  async #measure(worker: Worker): Promise<void> {
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    try {
      const { user, system } = await worker.cpuUsage();
      if (worker === this.#worker) this.#cpuMicrosMeasured = user + system;
    } catch {
      // The worker ended meanwhile, which its exit event reports.
    } finally {
      this.#isMeasuring = false;
    }
  }

  #cpuMicrosOfTheLiving(): number {
    return Math.max(this.#cpuMicrosMeasured, this.counters.get("threadCpuMicros"));
  }

  #carryOut(effect: InstanceEffect): void {
    switch (effect.kind) {
      case "start-worker":
        this.#startWorker(effect.ports);
        return;
      case "drain-worker":
        this.#tell({ kind: "drain" });
        return;
      case "terminate-worker":
        void this.#worker?.terminate();
        return;
      case "remove":
        this.#cancelWake?.();
        this.#gone.resolve();
        return;
      default:
        assertNever(effect);
    }
  }

  #startWorker(ports: AppPorts): void {
    const { nodeAddress, dataPath, workerExecArgv } = this.#options;
    const data: InstanceData = {
      app: this.app,
      nodeAddress,
      ports: ports.inbound === 0 && this.#boundPorts !== undefined ? this.#boundPorts : ports,
      quota: this.#quota,
      endpoints: this.#endpoints,
      counters: this.counters.buffer,
      times: dataPath,
    };
    const worker = new Worker(ENTRY, {
      name: this.app,
      workerData: data,
      env: {},
      argv: [],
      execArgv: [...workerExecArgv],
      stdout: true,
      stderr: true,
      resourceLimits: heapLimits(this.#quota.memoryBytes),
    });
    this.#worker = worker;
    this.#watchdog = newWatchdog;
    this.#output.follow("stdout", worker.stdout);
    this.#output.follow("stderr", worker.stderr);
    let error: Error | undefined;
    let bindFailure: string | undefined;
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "listening") this.#listening(message.ports);
      else if (message.kind === "settled") this.#isSettled = true;
      else bindFailure = message.message;
    });
    worker.on("error", (thrown: unknown) => {
      error = thrown instanceof Error ? thrown : new Error(String(thrown));
    });
    worker.on("exit", (code) => this.#exited({ code, error, bindFailure }));
  }

  #listening(ports: AppPorts): void {
    this.#boundPorts = ports;
    if (this.#isRetiring) this.#tell({ kind: "retire" });
    this.handle({ kind: "listening" });
  }

  #exited(exit: WorkerExit): void {
    const { clock, logger } = this.#options;
    this.#cpuMicrosOfTheDead += this.#cpuMicrosOfTheLiving();
    this.#cpuMicrosMeasured = 0;
    this.counters.closeBooks();
    this.#worker = undefined;
    const reason = exitReason(this.#state, exit);
    const message = (exit.bindFailure ?? exit.error?.message)?.slice(0, MESSAGE_CHARACTERS_MAX);
    this.#lastExit = { reason, message, atMs: clock.nowMs() };
    if (reason !== "drained") {
      this.#restarts.set(reason, (this.#restarts.get(reason) ?? 0) + 1);
      logger.warn({ app: this.app, reason, exitCode: exit.code, error: message }, "instance ended");
    }
    this.handle({ kind: "exited", reason });
  }

  #scheduleWake(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    const dueMs = wakeAtMs(this.#state);
    if (dueMs === undefined) return;
    const { clock } = this.#options;
    this.#cancelWake = clock.after(Math.max(0, dueMs - clock.nowMs()), () => this.handle({ kind: "tick" }));
  }

  #tell(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }
}

interface WorkerExit {
  readonly code: number;
  readonly error: Error | undefined;
  readonly bindFailure: string | undefined;
}

function exitReason({ phase }: InstanceState, { code, error, bindFailure }: WorkerExit): ExitReason {
  if (phase.kind === "stopping") return phase.reason;
  if (bindFailure !== undefined) return "bind-failed";
  if (error !== undefined) {
    return "code" in error && error.code === OUT_OF_MEMORY ? "out-of-memory" : "uncaught-error";
  }
  return phase.kind === "draining" && code === 0 ? "drained" : "exited";
}
