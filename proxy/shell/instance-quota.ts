// An instance's quota inside its worker: everything that holds its requests, connections, CPU, bandwidth and memory to
// what it may have. A changed quota holds at once; only the heap's own limit has to wait for another worker.

import { getHeapStatistics } from "node:v8";

import type { Quota } from "#model/mesh-profile.ts";
import type { Clock } from "#runtime/clock.ts";

import { memoryBytesOf } from "../policy/heap-limits.ts";
import { newMemoryState, observeMemory } from "../policy/memory-pressure.ts";
import { QuotaGate } from "../policy/quota-gate.ts";
import { bandwidthLimits, cpuLimits } from "../policy/read-limits.ts";
import { Admission } from "./admission.ts";
import type { InstanceCounters } from "./instance-counters.ts";
import { ReadGovernor } from "./read-governor.ts";
import { ReadThrottle } from "./read-throttle.ts";
import type { SocketSide } from "./read-throttle.ts";

export interface InstanceQuotaOptions {
  readonly quota: Quota;
  readonly clock: Clock;
  readonly counters: InstanceCounters;
  /** All CPU time that counts as the instance's. */
  readonly cpuMicros: () => number;
  /** Its memory does not come down: another worker should take over. */
  readonly exhausted: () => void;
}

/** CPU of one look every 5 ms at a thread without work. */
const IDLE_CPU_MICROS = 100;
/** Health checks and the like. */
const IDLE_BYTES = 512;

export class InstanceQuota {
  readonly throttle = new ReadThrottle();
  readonly admission: Admission;
  readonly #options: InstanceQuotaOptions;
  readonly #cpu: ReadGovernor;
  readonly #received: ReadGovernor;
  readonly #sent: ReadGovernor;
  #memoryBytes = 0;
  #memory = newMemoryState;

  constructor(options: InstanceQuotaOptions) {
    this.#options = options;
    const { clock, counters } = options;
    const { throttle } = this;
    this.#cpu = new ReadGovernor({
      throttle,
      clock,
      reason: "cpu",
      sides: ["client", "destination"],
      measure: options.cpuMicros,
      measureAtMost: busyMicros,
      idleUse: IDLE_CPU_MICROS,
      sleep,
      held: (ms) => counters.addTotal("cpuHeldSeconds", ms / 1000),
    });
    this.#received = this.#bandwidth("client");
    this.#sent = this.#bandwidth("destination");
    this.admission = new Admission({
      gate: new QuotaGate(options.quota, clock.nowMs()),
      throttle,
      clock,
      arrived: () => {
        this.#cpu.wake();
        this.#received.wake();
        this.#sent.wake();
      },
    });
    this.change(options.quota);
  }

  change(quota: Quota): void {
    const { cpuMilli, receivedBytesPerSecond, sentBytesPerSecond } = quota;
    this.admission.change(quota);
    this.#cpu.change(cpuMilli === undefined ? undefined : cpuLimits(cpuMilli));
    this.#received.change(
      receivedBytesPerSecond === undefined ? undefined : bandwidthLimits(receivedBytesPerSecond),
    );
    this.#sent.change(sentBytesPerSecond === undefined ? undefined : bandwidthLimits(sentBytesPerSecond));
    this.#memoryBytes = memoryBytesOf(quota);
  }

  /** Measures the instance, once per heartbeat. */
  beat(): void {
    const { counters, clock, cpuMicros, exhausted } = this.#options;
    counters.set("beats", counters.get("beats") + 1);
    counters.set("cpuMicros", cpuMicros());
    const heap = getHeapStatistics();
    const sample = { heapUsedBytes: heap.used_heap_size, externalBytes: heap.external_memory };
    counters.set("heapUsedBytes", sample.heapUsedBytes);
    counters.set("heapTotalBytes", heap.total_heap_size + heap.malloced_memory);
    counters.set("externalBytes", sample.externalBytes);
    const { state, verdict } = observeMemory(
      this.#memory,
      { ...sample, nowMs: clock.nowMs() },
      { quotaBytes: this.#memoryBytes, heapBytesMax: heap.heap_size_limit },
    );
    this.#memory = state;
    this.admission.shed(verdict === "fine" ? undefined : "memoryLimited");
    if (verdict === "recycle") exhausted();
  }

  #bandwidth(side: SocketSide): ReadGovernor {
    const { clock, counters } = this.#options;
    const { throttle } = this;
    return new ReadGovernor({
      throttle,
      clock,
      reason: "bandwidth",
      sides: [side],
      measure: () => throttle.bytesRead(side),
      idleUse: IDLE_BYTES,
      held: (ms) => counters.addTotal("bandwidthHeldSeconds", ms / 1000),
    });
  }
}

/** Time in which the loop did not wait. The kernel counts a thread's CPU time in ticks while it runs, of up to 10 ms. */
function busyMicros(): number {
  return performance.eventLoopUtilization().active * 1000;
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
}
