// What the real proxy was measured to use; recorded by record-proxy-curves.ts, in a file beside.

import { readFileSync } from "node:fs";

export interface ProxyCurves {
  /** On what and how. */
  readonly measured: string;
  /** Between two samples of a point. */
  readonly sampleMs: number;
  /** Of the samples of a point; 0 to 1. */
  readonly quantiles: readonly number[];
  readonly points: readonly CurvePoint[];
}

/** The whole proxy under one steady load. */
export interface CurvePoint {
  readonly apps: number;
  readonly pods: number;
  /** Of clients, all of one app. */
  readonly connections: number;
  readonly bodyBytes: number;
  /** Requests that were answered. */
  readonly perSecond: number;
  readonly failed: number;
  readonly cpuMilli: number;
  readonly cpuMilliQuantiles: readonly number[];
  readonly memoryBytesQuantiles: readonly number[];
  /** What the instances' own threads used of it. */
  readonly instanceCpuMilli: number;
  readonly instanceHeapBytes: number;
}

export function readProxyCurves(): ProxyCurves {
  return JSON.parse(readFileSync(new URL("proxy-curves.json", import.meta.url), "utf8")) as ProxyCurves;
}
