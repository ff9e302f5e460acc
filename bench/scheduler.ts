// kube-scheduler, the real one, on clusters of 1,000 and 5,000 nodes: without an extender, with one that always says yes
// (in Go), and with Berth's in each of its modes. The same pods in the same order each time; runs take turns, and the
// median by pods per second speaks for its mode. `--nodes N --pods N --rounds N --modes none,nominate` measures one size.

import { UsageError } from "#runtime/usage-error.ts";
import { constantExtenderBinary } from "#test/e2e/constant-extender-binary.ts";
import { toolBinaries } from "#test/e2e/tool-binaries.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { SchedulerBed } from "./scheduler-bed.ts";
import { startBerth, startConstant } from "./scheduler-extenders.ts";
import { type RunFigures, type RunOptions, runScheduling, WARM_UP_PODS } from "./scheduler-run.ts";
import { appsOf } from "./scheduler-workload.ts";
import { countOf, parseTextFlags } from "./text-flags.ts";

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
  { nodeCount: 1_000, podCount: 1_200, rounds: 3 },
  { nodeCount: 5_000, podCount: 1_200, rounds: 3 },
];
const SIZES_QUICK: readonly Size[] = [{ nodeCount: 100, podCount: 160, rounds: 1 }];

const MODES = ["none", "constant", "score", "nominate"] as const;
type Mode = (typeof MODES)[number];
/** As score mode is shipped: every node is scored, so that no node of the app is missed. */
const EVERY_NODE_MODES = ["constant", "score"] as const;
/** kube-scheduler looks at every node of a smaller cluster anyway. */
const SAMPLED_ABOVE = 100;
type EveryNodeMode = (typeof EVERY_NODE_MODES)[number];

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const { sizes, modes } = choiceOf(argv, isQuick ? SIZES_QUICK : SIZES);
  const nodes: Record<string, Measured["sampled"]> = {};
  const everyNode: Record<string, Measured["everyNode"]> = {};
  for (const size of sizes) {
    const measured = await measure(size, modes, progress);
    nodes[String(size.nodeCount)] = measured.sampled;
    everyNode[String(size.nodeCount)] = measured.everyNode;
  }
  const largest = Object.values(nodes).at(-1);
  const share = (mode: Mode): number | null => shareOf(largest?.[mode]);
  const figures = {
    nodes,
    everyNode,
    colocation: { none: share("none"), score: share("score"), nominate: share("nominate") },
    ratios: Object.fromEntries(Object.entries(nodes).map(([count, runs]) => [count, ratios(runs)])),
    isQuick,
  };
  return { figures, table: table(figures) };
}

interface Choice {
  readonly sizes: readonly Size[];
  readonly modes: readonly Mode[];
}

function choiceOf(argv: readonly string[], sizes: readonly Size[]): Choice {
  const text = { type: "string" } as const;
  const { nodes, pods, rounds, modes } = parseTextFlags(argv, {
    nodes: text,
    pods: text,
    rounds: text,
    modes: text,
  });
  const wanted = modes?.split(",") ?? MODES;
  const unknown = wanted.find((mode) => !(MODES as readonly string[]).includes(mode));
  if (unknown !== undefined)
    throw new UsageError(`there is no mode "${unknown}"; there are: ${MODES.join(", ")}`);
  const size = {
    nodeCount: countOf("nodes", nodes, SIZES[0]?.nodeCount ?? 0),
    podCount: countOf("pods", pods, SIZES[0]?.podCount ?? 0),
    rounds: countOf("rounds", rounds, 1),
  };
  const isOneSize = nodes !== undefined || pods !== undefined || rounds !== undefined;
  return { sizes: isOneSize ? [size] : sizes, modes: MODES.filter((mode) => wanted.includes(mode)) };
}

interface Measured {
  readonly sampled: Readonly<Record<Mode, RunFigures | null>>;
  readonly everyNode: Readonly<Record<EveryNodeMode, RunFigures | null>>;
}

async function measure(
  { nodeCount, podCount, rounds }: Size,
  modes: readonly Mode[],
  progress: BenchOptions["progress"],
): Promise<Measured> {
  const tools = await toolBinaries(progress);
  const constant = await constantExtenderBinary(progress);
  progress(HEADER);
  const bed = await SchedulerBed.open(tools, {
    nodeCount,
    apps: [...appsOf(podCount, "measured"), ...appsOf(WARM_UP_PODS, "warmUp")],
  });
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
      progress(row(String(nodeCount), name, figures).join(""));
      runs.set(name, [...(runs.get(name) ?? []), figures]);
    };
    for (let round = 0; round < rounds; round++) {
      for (const mode of modes) await runOnce(mode, { startExtender: extenders[mode] });
      for (const mode of nodeCount > SAMPLED_ABOVE ? EVERY_NODE_MODES : []) {
        const options = { startExtender: extenders[mode], percentageOfNodesToScore: 100 };
        if (modes.includes(mode)) await runOnce(everyNodeName(mode), options);
      }
    }
    const of = (name: string): RunFigures | null => medianBySpeed(runs.get(name) ?? []);
    return {
      sampled: { none: of("none"), constant: of("constant"), score: of("score"), nominate: of("nominate") },
      everyNode: { constant: of(everyNodeName("constant")), score: of(everyNodeName("score")) },
    };
  } finally {
    await bed.close();
  }
}

function everyNodeName(mode: Mode): string {
  return `${mode}, all`;
}

function medianBySpeed(runs: readonly RunFigures[]): RunFigures | null {
  const sorted = runs.toSorted((a, b) => a.podsPerSecond - b.podsPerSecond);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

function shareOf(figures: RunFigures | null | undefined): number | null {
  const { possible = 0, met = 0 } = figures?.colocation ?? {};
  return possible === 0 ? null : met / possible;
}

function ratios({ none, constant, score, nominate }: Measured["sampled"]): object {
  const of = (ours: RunFigures | null, theirs: RunFigures | null): object | null =>
    ours === null || theirs === null
      ? null
      : {
          podsPerSecond: ours.podsPerSecond / theirs.podsPerSecond,
          schedulerPodsPerSecond: ours.schedulerPodsPerSecond / theirs.schedulerPodsPerSecond,
        };
  return { scoreToConstant: of(score, constant), nominateToNone: of(nominate, none) };
}

function table({
  nodes,
  everyNode,
}: {
  readonly nodes: Readonly<Record<string, Measured["sampled"]>>;
  readonly everyNode: Readonly<Record<string, Measured["everyNode"]>>;
}): string {
  const rows: string[] = [];
  for (const [count, modes] of Object.entries(nodes)) {
    for (const mode of MODES) rows.push(...row(count, mode, modes[mode]));
    for (const mode of EVERY_NODE_MODES)
      rows.push(...row(count, everyNodeName(mode), everyNode[count]?.[mode]));
  }
  return [HEADER, ...rows].join("\n");
}

const HEADER =
  " nodes mode             pods/s  scheduler ms  writes/pod  bound p50 ms  p99 ms    met  created/s  CPU ms: scheduler, extender, API server, bench";

function row(count: string, mode: string, figures: RunFigures | null | undefined): readonly string[] {
  if (figures === null || figures === undefined) return [];
  const share = shareOf(figures);
  const cells = [
    count.padStart(6),
    mode.padEnd(14),
    figures.podsPerSecond.toFixed(1).padStart(8),
    figures.schedulerMsMean.toFixed(2).padStart(13),
    figures.apiWritesPerPod.toFixed(2).padStart(11),
    figures.createdToBoundMsP50.toFixed(0).padStart(13),
    figures.createdToBoundMsP99.toFixed(0).padStart(7),
    (share === null ? "–" : `${(share * 100).toFixed(1)}%`).padStart(6),
    figures.createdPodsPerSecond.toFixed(1).padStart(10),
    ...Object.values(figures.cpuMsPerPod).map((ms: number | null) => (ms?.toFixed(1) ?? "–").padStart(9)),
  ];
  return [cells.join(" ")];
}
