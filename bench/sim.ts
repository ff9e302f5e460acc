// How fast the simulator replays Berth's placement and sizing, and how that grows with the fleet. Two workloads, the
// same per node on 1,000 and on 10,000 nodes: pods that come and go over a day, which gives the figures at the top, and
// the same pods all at once in random order, where every decision has many half-filled nodes to choose from.

import { UsageError } from "#runtime/usage-error.ts";
import { uniformNodes } from "#sim/engine/fleet.ts";
import { placementPolicies } from "#sim/engine/policies.ts";
import { replay } from "#sim/engine/replay.ts";
import { generateTrace } from "#sim/traces/generator.ts";
import { orderPods } from "#sim/traces/order.ts";
import { traceEvents } from "#sim/traces/trace-events.ts";
import type { TracePod } from "#sim/traces/trace.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";

export const simBench: Bench = {
  summary: "replaying a generated trace under Berth's policies",
  run: benchSim,
};

const SMALL = 1_000;
const LARGE = 10_000;
const NODE = { cpuMilli: 32_000, memoryBytes: 128 * 1024 ** 3 };
const SEED = 1;
/** The first run compiles the code and is not counted. */
const WARM_UP_NODES = 300;
/** The small fleet takes so little time that one run says little; the median counts. */
const SMALL_RUNS = 5;

async function benchSim({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  if (argv.length > 0)
    throw new UsageError(`bench sim takes no arguments, but "${argv.join(" ")}" was given`);
  const figures = ({ pods, name, podsPerNode, podsPerNodeQuick }: Workload): Growth => {
    const perNode = isQuick ? podsPerNodeQuick : podsPerNode;
    measure(pods(WARM_UP_NODES * perNode), WARM_UP_NODES);
    progress(`${name}, ${SMALL} nodes`);
    const smallPods = pods(SMALL * perNode);
    const small = Array.from({ length: SMALL_RUNS }, () => measure(smallPods, SMALL));
    progress(`${name}, ${LARGE} nodes`);
    return growth(medianBySeconds(small), measure(pods(LARGE * perNode), LARGE));
  };
  const inTime = figures(ARRIVING);
  const atOnce = figures(BURST);
  return {
    figures: {
      ...inTime.large,
      growth1kTo10k: inTime.growth1kTo10k,
      rssBytes: process.memoryUsage().rss,
      smaller: inTime.small,
      burst: atOnce,
      isQuick,
    },
    table: [rows(ARRIVING.name, inTime), rows(BURST.name, atOnce)].join("\n"),
  };
}

interface Workload {
  readonly name: string;
  readonly pods: (count: number) => readonly TracePod[];
  /** Fills most of the fleet. */
  readonly podsPerNode: number;
  readonly podsPerNodeQuick: number;
}

const ARRIVING: Workload = {
  name: "pods that come and go",
  pods: arriving,
  podsPerNode: 14,
  podsPerNodeQuick: 7,
};
const BURST: Workload = {
  name: "all pods at once, shuffled",
  pods: burst,
  podsPerNode: 10,
  podsPerNodeQuick: 5,
};

function arriving(pods: number): readonly TracePod[] {
  return generateTrace({ seed: SEED, pods, spanSeconds: 24 * 3600, batchShare: 0.2 });
}

function burst(pods: number): readonly TracePod[] {
  const all = arriving(pods).map((pod) =>
    Object.assign({}, pod, { createSeconds: 0, deleteSeconds: undefined }),
  );
  return orderPods(all, { order: "shuffled", seed: SEED });
}

interface Measured {
  readonly nodes: number;
  readonly pods: number;
  readonly unplaced: number;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly evaluationsPerPod: number;
  /** CPU of the pods that run at once, at the most, of what the nodes have. */
  readonly cpuFilledShare: number;
}

function measure(pods: readonly TracePod[], nodes: number): Measured {
  const policy = placementPolicies().find(({ name }) => name === "berth");
  if (policy === undefined) throw new Error("Berth's policy is among the policies");
  const fleet = { kind: "fixed", nodes: uniformNodes(nodes, NODE) } as const;
  const startedMs = performance.now();
  const result = replay({ pods, policy, fleet, seed: SEED });
  const seconds = (performance.now() - startedMs) / 1000;
  return {
    nodes,
    pods: pods.length,
    unplaced: result.pods.unplaced,
    seconds,
    eventsPerSecond: result.events / seconds,
    evaluationsPerPod: result.evaluations / pods.length,
    cpuFilledShare: cpuMilliAtOnce(pods) / (nodes * NODE.cpuMilli),
  };
}

function cpuMilliAtOnce(pods: readonly TracePod[]): number {
  let now = 0;
  let most = 0;
  for (const { kind, pod } of traceEvents(pods)) {
    now += kind === "arrival" ? pod.request.cpuMilli : -pod.request.cpuMilli;
    most = Math.max(most, now);
  }
  return most;
}

interface Growth {
  readonly small: Measured;
  readonly large: Measured;
  /** Seconds per pod on the large fleet ÷ on the small one. */
  readonly growth1kTo10k: number;
}

function growth(small: Measured, large: Measured): Growth {
  return { small, large, growth1kTo10k: large.seconds / large.pods / (small.seconds / small.pods) };
}

function medianBySeconds(runs: readonly Measured[]): Measured {
  const sorted = [...runs].sort((a, b) => a.seconds - b.seconds);
  return sorted[Math.floor(sorted.length / 2)] as Measured;
}

function rows(title: string, { small, large, growth1kTo10k }: Growth): string {
  const row = (run: Measured): string =>
    `  ${run.nodes} nodes, ${Math.round(run.cpuFilledShare * 100)} % filled: ${run.pods} pods in ` +
    `${run.seconds.toFixed(1)} s, ${Math.round(run.eventsPerSecond)} events/s, ` +
    `${run.evaluationsPerPod.toFixed(1)} nodes weighed per pod`;
  return [title, row(small), row(large), `  seconds per pod grow ${growth1kTo10k.toFixed(2)} times`].join(
    "\n",
  );
}
