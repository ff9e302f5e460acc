// An instance in a process of its own, as the host sees it: what a thread shares with the host, a process says with each
// heartbeat. One that served the host before this one is taken over with all that it has counted.

import { isStalled, newWatchdog, observe } from "../policy/watchdog.ts";
import type { WatchdogLimits } from "../policy/watchdog.ts";
import type { BodyEnd, BodyListener, BodyProcess, InstanceBody } from "./instance-body.ts";
import { InstanceCounters } from "./instance-counters.ts";
import { processCpuMicros, processFileBytes } from "./linux-process.ts";
import type { FromInstanceProcess } from "./process-messages.ts";
import type { ToWorker } from "./worker-messages.ts";

export interface ProcessOrders {
  tell(message: ToWorker): void;
  /** At once. */
  end(): void;
}

/** Ten heartbeats are a second. */
const REPORTS_PER_LOOK = 10;

export class ProcessBody implements InstanceBody {
  readonly counters = new InstanceCounters();
  readonly #orders: ProcessOrders;
  readonly #listener: BodyListener;
  readonly #limits: WatchdogLimits;
  #watchdog = newWatchdog;
  #pid: number | undefined;
  #cpuMicros = 0;
  #residentBytes = 0;
  #fileBytes = 0;
  #reports = 0;
  #hasEnded = false;

  constructor(orders: ProcessOrders, listener: BodyListener, watchdog: WatchdogLimits) {
    this.#orders = orders;
    this.#listener = listener;
    this.#limits = watchdog;
  }

  get cpuMicros(): number {
    return this.#cpuMicros;
  }

  get process(): BodyProcess {
    if (this.#hasEnded) return { pid: undefined, residentBytes: 0, ownBytes: 0 };
    const residentBytes = this.#residentBytes;
    return { pid: this.#pid, residentBytes, ownBytes: Math.max(0, residentBytes - this.#fileBytes) };
  }

  tell(message: ToWorker): void {
    this.#orders.tell(message);
  }

  terminate(): void {
    this.#orders.end();
  }

  /** It cannot be asked what it is doing, so a collection of garbage and a loop get the same time. */
  isStuck(elapsedMs: number): boolean {
    const sample = { progress: this.counters.progress(), elapsedMs };
    this.#watchdog = observe(this.#watchdog, { ...sample, cpuMicros: this.#cpuMicros });
    if (this.#watchdog.silentMs >= this.#limits.suspectMs && this.#pid !== undefined)
      this.#cpuMicros = Math.max(this.#cpuMicros, processCpuMicros(this.#pid) ?? 0);
    return isStalled(this.#watchdog, this.#cpuMicros, this.#limits);
  }

  // From the supervisor.

  started(pid: number): void {
    this.#pid = pid;
  }

  said(message: FromInstanceProcess): void {
    if (message.kind === "counts") {
      this.counters.replaceAll(message.values);
      this.#cpuMicros = Math.max(this.#cpuMicros, message.cpuMicros);
      this.#residentBytes = message.residentBytes;
      // It changes little, and asking takes a system call or two.
      if (this.#pid !== undefined && this.#reports++ % REPORTS_PER_LOOK === 0)
        this.#fileBytes = processFileBytes(this.#pid) ?? this.#fileBytes;
    } else if (message.kind !== "uncaught") this.#listener.said(message);
  }

  ended(end: BodyEnd): void {
    this.#hasEnded = true;
    this.#listener.ended(end);
  }
}
