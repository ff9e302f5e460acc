// A pod's process, whatever it runs.

import type { LoggedProcess } from "./logged-process.ts";

export interface PodProcess {
  readonly process: LoggedProcess;
  /** Port in the pod → port here. */
  readonly localPorts: ReadonlyMap<number, number>;
  /** Resolves when the container's readiness probe passes. */
  ready(): Promise<void>;
}
