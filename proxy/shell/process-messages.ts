// What is said about instances that run in processes of their own: the host orders, the supervisor starts and keeps them
// and passes on what the two sides say. Plain JSON.

import type { AppName } from "#model/brand.ts";
import type { AppPorts } from "#model/mesh-profile.ts";

import type { HeapLimits } from "../policy/heap-limits.ts";
import type { BodyEnd } from "./instance-body.ts";
import type { FromWorker, InstanceData, ToWorker } from "./worker-messages.ts";
import type { WorkerCode } from "./worker-code.ts";

/** Names one process among all that any host of this supervisor ever ordered. */
export type ProcessId = string;

export interface ProcessOrder {
  readonly id: ProcessId;
  readonly app: AppName;
  readonly heap: HeapLimits;
  readonly start: ProcessStart;
}

/** The first message to the process. */
export interface ProcessStart {
  readonly code: WorkerCode;
  /** URL of a module to load before. */
  readonly preload: string | undefined;
  readonly data: InstanceData;
}

/** One that serves, as the next host finds it. */
export interface ServingProcess {
  readonly id: ProcessId;
  readonly app: AppName;
  readonly heap: HeapLimits;
  readonly pid: number;
  readonly ports: AppPorts;
  /** The names it asked to be told of. */
  readonly followed: readonly string[];
}

export type FromInstanceProcess =
  | FromWorker
  | {
      readonly kind: "counts";
      /** As its counters keep them. */
      readonly values: readonly number[];
      readonly cpuMicros: number;
      readonly residentBytes: number;
    }
  /** It ends with this error. */
  | { readonly kind: "uncaught"; readonly message: string };

export type ToKeeper =
  | { readonly kind: "start-process"; readonly order: ProcessOrder }
  | { readonly kind: "tell-process"; readonly id: ProcessId; readonly message: ToWorker }
  | { readonly kind: "end-process"; readonly id: ProcessId };

export type FromKeeper =
  | { readonly kind: "process-started"; readonly id: ProcessId; readonly pid: number }
  | { readonly kind: "process-said"; readonly id: ProcessId; readonly message: FromInstanceProcess }
  /** The last word of it. */
  | { readonly kind: "process-ended"; readonly id: ProcessId; readonly end: BodyEnd };
