// The pods that the simulator's bench replays: from real traces where there are some.

import { generateTrace } from "#sim/traces/generator.ts";
import { PackedTrace } from "#sim/traces/packed-trace.ts";
import type { TracePods } from "#sim/traces/trace.ts";
import { drawnWorkload } from "./drawn-workload.ts";
import { tracedPool } from "./workload-pool.ts";

/** Paths. */
export interface WorkloadTraces {
  readonly tianchiA: string;
  readonly azure: string;
}

export interface Workload {
  readonly name: string;
  /** A day of them. */
  readonly podsOn: (nodes: number, podsPerNode: number) => TracePods;
}

export const WORKLOAD_SEED = 1;
/** Of the nodes' CPU for services, so that with the batches of a day about 85 % are in use at the peak. */
const SERVICE_SHARE = 0.35;
const BATCH_SHARE = 0.85;
const DAY_SECONDS = 24 * 3600;

/** @throws UsageError for a trace that cannot be read. */
export async function workloadFrom(traces: WorkloadTraces | undefined): Promise<Workload> {
  const seed = WORKLOAD_SEED;
  if (traces === undefined) {
    const shape = { seed, spanSeconds: DAY_SECONDS, batchShare: BATCH_SHARE };
    return {
      name: "generated from published figures: no real traces were given",
      podsOn: (nodes, podsPerNode) => PackedTrace.of(generateTrace({ ...shape, pods: nodes * podsPerNode })),
    };
  }
  const pool = await tracedPool(traces);
  return {
    name: "services drawn from Tianchi 2018 set A, batches from Azure 2017",
    podsOn: (nodes, podsPerNode) =>
      drawnWorkload(pool, { seed, pods: nodes * podsPerNode, nodes, serviceShare: SERVICE_SHARE }),
  };
}
