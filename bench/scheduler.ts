// kube-scheduler, the real one, on clusters of 1,000 and 5,000 nodes: without an extender, with one that always says yes
// (in Go), and with Berth's in each of its modes. The same pods in the same order each time; runs take turns, and the
// median by pods per second speaks for its mode.

import { UsageError } from "#runtime/usage-error.ts";
import { constantExtenderBinary } from "#test/e2e/constant-extender-binary.ts";
import { toolBinaries } from "#test/e2e/tool-binaries.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { SchedulerBed } from "./scheduler-bed.ts";
import { startBerth, startConstant } from "./scheduler-extenders.ts";
import { type RunFigures, type RunOptions, runScheduling } from "./scheduler-run.ts";
import { appsOf } from "./scheduler-workload.ts";

export const schedulerBench: Bench = {
  summary:
    "the real kube-scheduler without an extender, with a constant one and with Berth's: pods per second, writes, co-location",
  run,
};

interface Size {
  readonly nodeCount: number;
  readonly podCount: number;
  readonly rounds: number;
}

const SIZES: readonly Size[] = [
  { nodeCount: 1_000, podCount: 2_000, rounds: 3 },
  { nodeCount: 5_000, podCount: 2_000, rounds: 3 },
];
const SIZES_QUICK: readonly Size[] = [{ nodeCount: 200, podCount: 320, rounds: 1 }];

const WARM_UP_PODS = 200;

const MODES = ["none", "constant", "score", "nominate"] as const;
type Mode = (typeof MODES)[number];
type ModeRuns = Readonly<Record<Mode, RunFigures>>;

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const [unknown] = argv;
  if (unknown !== undefined) throw new UsageError(`scheduler takes no ${unknown}`);
  const nodes: Record<string, ModeRuns> = {};
  // As score mode is shipped: every node is scored, so that no node of the app is missed.
  const everyNode: Record<string, Pick<ModeRuns, "constant" | "score">> = {};
  for (const size of isQuick ? SIZES_QUICK : SIZES) {
    const measured = await measure(size, progress);
    nodes[String(size.nodeCount)] = measured.sampled;
    everyNode[String(size.nodeCount)] = measured.everyNode;
  }
  const largest = Object.values(nodes).at(-1);
  const share = (mode: Mode): number | null => (largest === undefined ? null : shareOf(largest[mode]));
  const figures = {
    nodes,
    everyNode,
    colocation: { none: share("none"), score: share("score"), nominate: share("nominate") },
    ratios: Object.fromEntries(Object.entries(nodes).map(([count, modes]) => [count, ratios(modes)])),
    isQuick,
  };
  return { figures, table: table(figures) };
}

interface Measured {
  readonly sampled: ModeRuns;
  readonly everyNode: Pick<ModeRuns, "constant" | "score">;
}

async function measure(
  { nodeCount, podCount, rounds }: Size,
  progress: BenchOptions["progress"],
): Promise<Measured> {
  const tools = await toolBinaries(progress);
  const constant = await constantExtenderBinary(progress);
  progress(`${nodeCount} nodes`);
  const bed = await SchedulerBed.open(tools, { nodeCount, apps: appsOf(podCount) });
  try {
    const extenders: Readonly<Record<Mode, RunOptions["startExtender"]>> = {
      none: undefined,
      constant: () => startConstant(bed, constant),
      score: () => startBerth(bed, "score"),
      nominate: () => startBerth(bed, "nominate"),
    };
    const runs = new Map<string, RunFigures[]>();
    const runOnce = async (name: string, options: Omit<RunOptions, "podCount">): Promise<void> => {
      const figures = await runScheduling(bed, { podCount, ...options });
      progress(`${nodeCount} nodes, ${name}: ${figures.podsPerSecond.toFixed(1)} pods/s`);
      runs.set(name, [...(runs.get(name) ?? []), figures]);
    };
    // The first pods of an API server wait for more than their scheduling.
    await runScheduling(bed, { podCount: WARM_UP_PODS, startExtender: undefined });
    for (let round = 0; round < rounds; round++) {
      for (const mode of MODES) await runOnce(mode, { startExtender: extenders[mode] });
      for (const mode of ["constant", "score"] as const) {
        await runOnce(`${mode}, every node`, {
          startExtender: extenders[mode],
          percentageOfNodesToScore: 100,
        });
      }
    }
    const of = (name: string): RunFigures => medianBySpeed(runs.get(name) ?? []);
    return {
      sampled: { none: of("none"), constant: of("constant"), score: of("score"), nominate: of("nominate") },
      everyNode: { constant: of("constant, every node"), score: of("score, every node") },
    };
  } finally {
    await bed.close();
  }
}

function medianBySpeed(runs: readonly RunFigures[]): RunFigures {
  const sorted = runs.toSorted((a, b) => a.podsPerSecond - b.podsPerSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("a mode was run");
  return middle;
}

function shareOf({ colocation: { possible, met } }: RunFigures): number | null {
  return possible === 0 ? null : met / possible;
}

function ratios({ none, constant, score, nominate }: ModeRuns): object {
  return {
    scoreToConstant: score.podsPerSecond / constant.podsPerSecond,
    scoreToConstantScheduler: score.schedulerPodsPerSecond / constant.schedulerPodsPerSecond,
    nominateToNone: nominate.podsPerSecond / none.podsPerSecond,
    nominateToNoneScheduler: nominate.schedulerPodsPerSecond / none.schedulerPodsPerSecond,
  };
}

function table({
  nodes,
  everyNode,
}: {
  readonly nodes: Readonly<Record<string, ModeRuns>>;
  readonly everyNode: Readonly<Record<string, Pick<ModeRuns, "constant" | "score">>>;
}): string {
  const rows: string[] = [];
  for (const [count, modes] of Object.entries(nodes)) {
    for (const mode of MODES) rows.push(row(count, mode, modes[mode]));
    for (const [mode, figures] of Object.entries(everyNode[count] ?? {})) {
      rows.push(row(count, `${mode}, all`, figures));
    }
  }
  return [
    " nodes mode             pods/s  scheduler ms  writes/pod  bound p50 ms  p99 ms  met  CPU ms: scheduler extender",
    ...rows,
  ].join("\n");
}

function row(count: string, mode: string, figures: RunFigures): string {
  const share = shareOf(figures);
  return [
    count.padStart(6),
    mode.padEnd(14),
    figures.podsPerSecond.toFixed(1).padStart(8),
    figures.schedulerMsMean.toFixed(2).padStart(13),
    figures.apiWritesPerPod.toFixed(2).padStart(11),
    figures.createdToBoundMsP50.toFixed(0).padStart(13),
    figures.createdToBoundMsP99.toFixed(0).padStart(7),
    (share === null ? "–" : `${(share * 100).toFixed(1)}%`).padStart(6),
    figures.schedulerCpuMsPerPod.toFixed(1).padStart(10),
    (figures.extenderCpuMsPerPod?.toFixed(1) ?? "–").padStart(8),
  ].join(" ");
}
