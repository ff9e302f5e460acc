// What is computed beside the server and takes a while: savings and what-ifs, as their screens see them.

import type { Resources } from "#model/resources.ts";

/** The cluster that a forecast was made of. */
export interface ForecastGround {
  readonly nodes: number;
  /** Nodes by size, the most frequent first. */
  readonly shapes: readonly NodeShape[];
  readonly pods: number;
  readonly meshPods: number;
  /** Mesh pods that stay where they are: for volumes, anti-affinity and the like, which are not weighed. */
  readonly meshPodsBound: number;
  readonly apps: number;
  /** What the proxies request now, headroom included. */
  readonly proxiesRequest: Resources;
}

export interface NodeShape extends Resources {
  readonly nodes: number;
}

/** @typeParam R what it comes to, as far as it is known. */
export interface Forecast<R> {
  readonly phase: "queued" | "running" | "done" | "failed";
  /** What is being worked on, and how much of it is done. */
  readonly work: { readonly what: string; readonly done: number; readonly of: number } | null;
  /** Forecasts that are worked on before. */
  readonly ahead: number;
  /** On the machine's clock. */
  readonly askedAtMs: number;
  readonly endedAtMs: number | null;
  readonly ground: ForecastGround | null;
  readonly result: R;
  readonly trouble: { readonly message: string; readonly mend: string } | null;
}
