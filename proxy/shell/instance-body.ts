// What runs an instance's code: a thread of the host, or a process of its own. The host starts it, talks to it and ends
// it; whatever it counted stays readable after its end.

import type { ExitReason } from "../policy/instance-lifecycle.ts";
import type { InstanceCounters } from "./instance-counters.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

export interface InstanceBody {
  readonly counters: InstanceCounters;
  /** CPU time so far, in microseconds. */
  readonly cpuMicros: number;
  /** Its own process; undefined if it runs in the host's. */
  readonly process: BodyProcess | undefined;
  tell(message: ToWorker): void;
  /** Ends it at once, whatever it is doing. */
  terminate(): void;
  /**
   * Called at a steady pace while it should be making progress.
   *
   * @param elapsedMs since the last call.
   * @returns whether it is stuck.
   */
  isStuck(elapsedMs: number): boolean;
}

export interface BodyProcess {
  /** Undefined until it is known. */
  readonly pid: number | undefined;
  /** The system's memory that it holds, code and all. */
  readonly residentBytes: number;
  /** Of that, what it shares with nobody: the program's code is in memory once for it and the host. */
  readonly ownBytes: number;
}

export interface BodyListener {
  said(message: FromWorker): void;
  /** The last call. */
  ended(end: BodyEnd): void;
}

export interface BodyEnd {
  readonly code: number;
  /** Why, if it did not end by itself with a code. */
  readonly reason: Extract<ExitReason, "out-of-memory" | "uncaught-error" | "aborted"> | undefined;
  readonly message: string | undefined;
}
