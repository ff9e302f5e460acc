// How fast the simulator replays Berth's placement and sizing, and how that grows with the fleet: a day of services and
// batches on nodes of two shapes, the same per node on 1,000 and on 10,000 nodes. Apps, sizes and lifetimes are drawn
// from real traces where these are given (--tianchi-a FILE --azure FILE) or lie beside the repository, and from the
// generator's published figures otherwise.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "#runtime/usage-error.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { type MeasuredReplay, replayedAlone } from "./sim/replay-process.ts";
import type { WorkloadTraces } from "./sim/workload.ts";

export const simBench: Bench = {
  summary: "replaying a day of real apps' pods under Berth's policies, on 1,000 and on 10,000 nodes",
  run: benchSim,
};

const SMALL = 1_000;
const LARGE = 10_000;
const PODS_PER_NODE = 100;
const PODS_PER_NODE_QUICK = 25;
/** The small fleet takes so little time that one run says little; the median counts. */
const SMALL_RUNS = 3;

async function benchSim({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const traces = tracesOf(argv);
  const podsPerNode = isQuick ? PODS_PER_NODE_QUICK : PODS_PER_NODE;
  progress(`${SMALL} nodes`);
  const { workload, ...small } = await replayedAlone({ traces, nodes: SMALL, podsPerNode, runs: SMALL_RUNS });
  progress(`${LARGE} nodes`);
  const large = await replayedAlone({ traces, nodes: LARGE, podsPerNode, runs: 1 });
  const growth1kTo10k = large.seconds / large.pods / (small.seconds / small.pods);
  return {
    figures: { ...large, growth1kTo10k, smaller: small, isQuick },
    table: [
      workload,
      row(small),
      row(large),
      `  seconds per pod grow ${growth1kTo10k.toFixed(2)} times`,
    ].join("\n"),
  };
}

function tracesOf(argv: readonly string[]): WorkloadTraces | undefined {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({ args: [...argv], options: { "tianchi-a": text, azure: text } });
    const { "tianchi-a": tianchiA, azure } = values;
    if (tianchiA !== undefined && azure !== undefined) return { tianchiA, azure };
    if (tianchiA !== undefined || azure !== undefined)
      throw new UsageError("name both traces: --tianchi-a FILE --azure FILE");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  const beside = join(import.meta.dirname, "../../shared/traces");
  const traces = {
    tianchiA: join(beside, "tianchiA_pods.csv.gz"),
    azure: join(beside, "azure_dev_pods.csv.gz"),
  };
  return existsSync(traces.tianchiA) && existsSync(traces.azure) ? traces : undefined;
}

function row(run: Omit<MeasuredReplay, "workload">): string {
  return (
    `  ${run.nodes} nodes: ${run.pods} pods in ${run.seconds.toFixed(1)} s, ` +
    `${Math.round(run.rssBytes / 1e6)} MB resident at most, ${Math.round(run.eventsPerSecond)} events/s, ` +
    `${run.evaluationsPerPod.toFixed(1)} nodes weighed per pod, ` +
    `${run.nodesUsed} nodes used at the peak, ${run.waitingMax} pods waiting at most, ${run.unplaced} unplaced`
  );
}
