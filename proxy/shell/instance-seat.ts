// Where an instance's code runs, as that code sees it: the one thing in which a thread and a process differ.

import type { InstanceCounters } from "./instance-counters.ts";
import type { FromWorker, InstanceData, ToWorker } from "./worker-messages.ts";

export interface InstanceSeat {
  readonly data: InstanceData;
  readonly counters: InstanceCounters;
  /** CPU time of all that runs here, in microseconds. */
  cpuMicros(): number;
  tell(message: FromWorker): void;
  listen(heard: (message: ToWorker) => void): void;
  /** With each heartbeat, after everything was measured. */
  beat(): void;
  /** Ends the thread or the process, after what was told. */
  end(exitCode: number): void;
}
