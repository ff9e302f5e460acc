// How fast the simulator replays Berth's placement and sizing, and how that grows with the fleet: a day of services and
// batches on nodes of two shapes, the same per node on 1,000 and on 10,000 nodes. Apps, sizes and lifetimes are drawn
// from real traces where these are given (--tianchi-a FILE --azure FILE) or lie beside the repository, and from the
// generator's published figures otherwise.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { keepHeapTight } from "#runtime/tight-heap.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { placementPolicies } from "#sim/engine/policies.ts";
import { replay } from "#sim/engine/replay.ts";
import { generateTrace } from "#sim/traces/generator.ts";
import { PackedTrace } from "#sim/traces/packed-trace.ts";
import type { TracePods } from "#sim/traces/trace.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { drawnWorkload, mixedNodes } from "./sim/drawn-workload.ts";
import { tracedPool } from "./sim/workload-pool.ts";

export const simBench: Bench = {
  summary: "replaying a day of real apps' pods under Berth's policies, on 1,000 and on 10,000 nodes",
  run: benchSim,
};

const SMALL = 1_000;
const LARGE = 10_000;
const PODS_PER_NODE = 100;
const PODS_PER_NODE_QUICK = 25;
const SEED = 1;
/** The first run compiles the code and is not counted. */
const WARM_UP_NODES = 200;
/** The small fleet takes so little time that one run says little; the median counts. */
const SMALL_RUNS = 3;
/** Of the nodes' CPU for services, so that with the batches of a day about 85 % are in use at the peak. */
const SERVICE_SHARE = 0.35;
const DAY_SECONDS = 24 * 3600;

async function benchSim({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  keepHeapTight();
  const { name, podsFor } = await drawn(argv, isQuick ? PODS_PER_NODE_QUICK : PODS_PER_NODE);
  measure(podsFor.warmUp, WARM_UP_NODES);
  progress(`${SMALL} nodes`);
  const small = medianBySeconds(Array.from({ length: SMALL_RUNS }, () => measure(podsFor.small, SMALL)));
  progress(`${LARGE} nodes`);
  const large = measure(podsFor.large, LARGE);
  const growth1kTo10k = large.seconds / large.pods / (small.seconds / small.pods);
  return {
    figures: {
      ...large,
      rssBytes: process.resourceUsage().maxRSS * 1024,
      growth1kTo10k,
      smaller: small,
      workload: name,
      isQuick,
    },
    table: [name, row(small), row(large), `  seconds per pod grow ${growth1kTo10k.toFixed(2)} times`].join(
      "\n",
    ),
  };
}

/** All traces at once: what they are drawn from is not kept while they are replayed. */
async function drawn(argv: readonly string[], perNode: number) {
  const { name, pods } = await workloadFrom(tracesOf(argv));
  const podsOn = (nodes: number): TracePods => pods(nodes, nodes * perNode);
  return {
    name,
    podsFor: { warmUp: podsOn(WARM_UP_NODES), small: podsOn(SMALL), large: podsOn(LARGE) },
  };
}

interface Workload {
  readonly name: string;
  readonly pods: (nodes: number, pods: number) => TracePods;
}

interface Traces {
  readonly tianchiA: string;
  readonly azure: string;
}

async function workloadFrom(traces: Traces | undefined): Promise<Workload> {
  if (traces === undefined) {
    const name = "generated from published figures: no real traces were given";
    const pods = (_nodes: number, count: number): TracePods =>
      PackedTrace.of(generateTrace({ seed: SEED, pods: count, spanSeconds: DAY_SECONDS, batchShare: 0.85 }));
    return { name, pods };
  }
  const pool = await tracedPool(traces);
  return {
    name: "services drawn from Tianchi 2018 set A, batches from Azure 2017",
    pods: (nodes, count) =>
      drawnWorkload(pool, { seed: SEED, pods: count, nodes, serviceShare: SERVICE_SHARE }),
  };
}

function tracesOf(argv: readonly string[]): Traces | undefined {
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

interface Measured {
  readonly nodes: number;
  readonly pods: number;
  readonly unplaced: number;
  readonly waitingMax: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly eventsPerSecond: number;
  readonly evaluationsPerPod: number;
  readonly nodesUsed: number;
  readonly instances: number;
  readonly overcommits: number;
  readonly capViolations: number;
}

function measure(pods: TracePods, nodes: number): Measured {
  const policy = placementPolicies().find(({ name }) => name === "berth");
  if (policy === undefined) throw new Error("Berth's policy is among the policies");
  const fleet = { kind: "fixed", nodes: mixedNodes(nodes) } as const;
  const startedMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const result = replay({ pods, policy, fleet, seed: SEED });
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    nodes,
    pods: pods.length,
    unplaced: result.pods.unplaced,
    waitingMax: result.pods.waitingMax,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    eventsPerSecond: result.events / seconds,
    evaluationsPerPod: result.evaluations / pods.length,
    nodesUsed: result.peak.nodesUsed,
    instances: result.peak.instances,
    overcommits: result.overcommits,
    capViolations: result.capViolations,
  };
}

function medianBySeconds(runs: readonly Measured[]): Measured {
  const sorted = [...runs].sort((a, b) => a.seconds - b.seconds);
  return sorted[Math.floor(sorted.length / 2)] as Measured;
}

function row(run: Measured): string {
  return (
    `  ${run.nodes} nodes: ${run.pods} pods in ${run.seconds.toFixed(1)} s, ` +
    `${Math.round(run.eventsPerSecond)} events/s, ${run.evaluationsPerPod.toFixed(1)} nodes weighed per pod, ` +
    `${run.nodesUsed} nodes used at the peak, ${run.waitingMax} pods waiting at most, ${run.unplaced} unplaced`
  );
}
