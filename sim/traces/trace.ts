// What a replay is made of: pods with a lifetime, and nodes to put them on. Every reader and the generator yield these.

import type { Resources } from "#model/resources.ts";

export interface TracePod {
  /** Unique in its trace. */
  readonly id: string;
  readonly app: string;
  /** A, the pod's own request: millicores and bytes, both rounded up. */
  readonly request: Resources;
  readonly createSeconds: number;
  /** At or after createSeconds; undefined for a pod that never leaves. */
  readonly deleteSeconds: number | undefined;
  /** Where the trace's own scheduler had put it, if the trace says so. */
  readonly node?: string | undefined;
  /** At most this many pods of the app on one node, 1 or more. */
  readonly maxPerNode?: number | undefined;
}

/** Pods in order, as an array or in columns. */
export interface TracePods extends Iterable<TracePod> {
  readonly length: number;
  at(index: number): TracePod | undefined;
}

export interface TraceNode {
  readonly name: string;
  /** Millicores and bytes, both rounded down. */
  readonly allocatable: Resources;
  /** Of a failure domain; undefined for none. */
  readonly zone?: string;
}
