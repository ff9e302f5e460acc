// Does the simulator decide as the real thing does? The same slice goes through the real kube-scheduler on kwok's nodes,
// alone and with the real extender in score mode, and through the simulator: decision by decision in the same state, and
// as a whole. A larger cluster shows what sampling does. `--nodes N --pods N --runs N --seed N --traces FOLDER --modes plain,score,sampling`.

import { join } from "node:path";
import { median } from "simple-statistics";
import { UsageError } from "#runtime/usage-error.ts";
import { toolBinaries, type ToolPaths } from "#test/e2e/tool-binaries.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { type Aggregate, type Aggregates, aggregatesOf } from "./fidelity/aggregates.ts";
import { FidelityBed } from "./fidelity/fidelity-bed.ts";
import { type Agreement, compareInLockStep, newAgreement } from "./fidelity/lock-step.ts";
import { compareSamples, type SamplingFigures } from "./fidelity/sampling.ts";
import { type FidelityMode, type RealDecision, runForReal } from "./fidelity/real-run.ts";
import { drawSlice } from "./fidelity/slice.ts";
import { sliceNodes } from "./fidelity/slice-nodes.ts";
import { countOf, parseTextFlags } from "./text-flags.ts";

export const fidelityBench: Bench = {
  summary:
    "the simulator against the real kube-scheduler and extender on the same slice: decisions, scores, aggregates",
  run,
};

const SEED = 1;
/** At the end every node is in use; after this share of the pods it is a matter of choice how many are. */
const EARLY_SHARE = 0.1;
/** Sampling is looked at apart, on more nodes. */
const MODES = ["plain", "score", "sampling"] as const satisfies readonly (FidelityMode | "sampling")[];
type ModeName = (typeof MODES)[number];
/** As shipped, kube-scheduler looks at every node; by default it samples clusters of 100 nodes and more. */
const SIZE = { nodes: 64, pods: 1_100, runs: 3, modes: MODES as readonly ModeName[] };
/** A control plane alone takes a third of half a minute: the least that shows anything. */
const SIZE_QUICK: typeof SIZE = { nodes: 12, pods: 150, runs: 1, modes: ["plain", "score"] };
const SAMPLED = { nodes: 300, pods: 300 };
/** Beside the checkout, if anywhere: traces are no part of the project. */
const TRACES = join(import.meta.dirname, "../../shared/traces");

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const choice = choiceOf(argv, isQuick ? SIZE_QUICK : SIZE);
  const tools = await toolBinaries(progress);
  const startedMs = performance.now();
  const slice = await drawSlice({ podCount: choice.pods, seed: choice.seed, traces: choice.traces });
  progress(`${slice.pods.length} pods: ${slice.source}; ${choice.nodes} nodes`);
  const sampling = choice.modes.includes("sampling") ? await measureSampling(tools, choice, progress) : null;
  const bed = await FidelityBed.open(tools, { nodes: sliceNodes(choice.nodes), slice });
  try {
    const modes: Partial<Record<FidelityMode, ModeFigures>> = {};
    const pooled = newAgreement();
    for (const mode of choice.modes) {
      if (mode === "sampling") continue;
      const state = await bed.startingState();
      const own = newAgreement();
      const runs: (readonly RealDecision[])[] = [];
      for (let round = 0; round < choice.runs; round++) {
        const runStartedMs = performance.now();
        const decisions = await runForReal(bed, { pods: slice.pods, mode });
        for (const agreement of [own, pooled]) compareInLockStep(agreement, state, { decisions, mode });
        runs.push(decisions);
        const seconds = ((performance.now() - runStartedMs) / 1000).toFixed(0);
        progress(`${mode}, run ${round + 1}: ${seconds} s; ${inWords(own)}`);
      }
      const early = runs.map((decisions) => decisions.slice(0, Math.ceil(decisions.length * EARLY_SHARE)));
      modes[mode] = {
        ...figuresOf(own),
        aggregates: aggregatesOf(runs, { state, mode }),
        earlyAggregates: aggregatesOf(early, { state, mode }),
      };
    }
    const figures = {
      ...figuresOf(pooled),
      aggregates: modes.score?.aggregates ?? modes.plain?.aggregates ?? null,
      modes,
      sampling,
      slice: { source: slice.source, pods: slice.pods.length, nodes: choice.nodes, runs: choice.runs },
      seconds: (performance.now() - startedMs) / 1000,
      isQuick,
    };
    return { figures, table: table(figures, modes) };
  } finally {
    await bed.close();
  }
}

async function measureSampling(
  tools: ToolPaths,
  { seed, traces }: Choice,
  progress: BenchOptions["progress"],
): Promise<SamplingFigures> {
  const slice = await drawSlice({ podCount: SAMPLED.pods, seed, traces });
  const bed = await FidelityBed.open(tools, { nodes: sliceNodes(SAMPLED.nodes), slice });
  try {
    const state = await bed.startingState();
    const { pods } = slice;
    const decisions = await runForReal(bed, { pods, mode: "plain", percentageOfNodesToScore: 0 });
    const figures = compareSamples(state, decisions);
    progress(`sampling: ${JSON.stringify(figures)}`);
    return figures;
  } finally {
    await bed.close();
  }
}

type AgreementFigures = ReturnType<typeof figuresOf>;
type ModeFigures = AgreementFigures & {
  readonly aggregates: Aggregates;
  /** After the first tenth of the pods. */
  readonly earlyAggregates: Aggregates;
};

function figuresOf(agreement: Agreement) {
  const { decisions, pairs, choices, totals, bestSizes, rejections } = agreement;
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  return {
    decisions,
    choices,
    argmaxAgreement: share(agreement.choicesAgreed, choices),
    argmaxSetP50: bestSizes.length === 0 ? null : median(bestSizes),
    randomAgreement: share(agreement.chance, choices),
    filterAgreement: share(agreement.pairsAgreed, pairs),
    filterPairs: pairs,
    totalsAgreement: share(agreement.totalsAgreed, totals),
    totals,
    rejections: {
      pods: agreement.podsRejected,
      decisions: agreement.decisionsWithRejections,
      nodesByReason: Object.fromEntries([...rejections].sort(([, a], [, b]) => b - a)),
    },
    disagreements: agreement.disagreements,
  };
}

interface Choice {
  readonly nodes: number;
  readonly pods: number;
  readonly runs: number;
  readonly seed: number;
  readonly traces: string;
  readonly modes: readonly ModeName[];
}

function choiceOf(argv: readonly string[], size: typeof SIZE): Choice {
  const text = { type: "string" } as const;
  const values = parseTextFlags(argv, {
    nodes: text,
    pods: text,
    runs: text,
    seed: text,
    traces: text,
    modes: text,
  });
  const wanted = values.modes?.split(",") ?? size.modes;
  const unknown = wanted.find((mode) => !(MODES as readonly string[]).includes(mode));
  if (unknown !== undefined)
    throw new UsageError(`there is no mode "${unknown}"; there are: ${MODES.join(", ")}`);
  return {
    nodes: countOf("nodes", values.nodes, size.nodes),
    pods: countOf("pods", values.pods, size.pods),
    runs: countOf("runs", values.runs, size.runs),
    seed: countOf("seed", values.seed, SEED),
    traces: values.traces ?? TRACES,
    modes: MODES.filter((mode) => wanted.includes(mode)),
  };
}

function inWords(agreement: Agreement): string {
  const { argmaxAgreement, filterAgreement, totalsAgreement, rejections } = figuresOf(agreement);
  const percent = (share: number | null): string => (share === null ? "–" : `${(100 * share).toFixed(2)} %`);
  return `the node taken is among the model's best in ${percent(argmaxAgreement)}, filter ${percent(filterAgreement)}, totals ${percent(totalsAgreement)}, ${rejections.pods} pods rejected`;
}

function table(
  pooled: AgreementFigures & {
    readonly seconds: number;
    readonly slice: { readonly source: string };
    readonly sampling: SamplingFigures | null;
  },
  modes: Partial<Record<FidelityMode, ModeFigures>>,
): string {
  const lines = [
    `${pooled.slice.source}; ${pooled.seconds.toFixed(0)} s`,
    "mode   decisions  choices  argmax agrees  of so many best  by chance  filter agrees  totals equal  pods rejected",
  ];
  const percent = (share: number | null, width: number): string =>
    (share === null ? "–" : `${(100 * share).toFixed(2)} %`).padStart(width);
  for (const [mode, figures] of [...Object.entries(modes), ["all", pooled] as const]) {
    lines.push(
      [
        mode.padEnd(5),
        String(figures.decisions).padStart(10),
        String(figures.choices).padStart(8),
        percent(figures.argmaxAgreement, 14),
        String(figures.argmaxSetP50 ?? "–").padStart(16),
        percent(figures.randomAgreement, 10),
        percent(figures.filterAgreement, 14),
        percent(figures.totalsAgreement, 13),
        String(figures.rejections.pods).padStart(14),
      ].join(" "),
    );
  }
  lines.push("", "mode   aggregate       simulator (range)          real (range)   real runs differ by");
  for (const [mode, { aggregates, earlyAggregates }] of Object.entries(modes)) {
    for (const [name, aggregate] of Object.entries(aggregates))
      lines.push(aggregateRow(mode, name, aggregate));
    lines.push(aggregateRow(mode, "nodes, early", earlyAggregates.nodes));
  }
  if (pooled.sampling !== null) lines.push("", samplingInWords(pooled.sampling));
  lines.push("", ...pooled.disagreements.map((text) => `disagreement: ${text}`));
  return lines.join("\n");
}

function samplingInWords(figures: SamplingFigures): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const { nodes, decisions, sampleSize } = figures;
  return [
    `sampling by default, ${nodes} nodes, ${decisions} decisions: ${sampleSize.real.toFixed(1)} nodes scored, the model takes ${sampleSize.sim.toFixed(1)};`,
    `${percent(figures.overlap)} of them are the model's if it begins at the same node (${percent(figures.overlapAdrift)} if at its own, ${percent(figures.overlapByChance)} by chance);`,
    `on the same sample filter agrees in ${percent(figures.filterAgreement)}, totals in ${percent(figures.totalsAgreement)}, argmax in ${percent(figures.argmaxAgreement)}`,
  ].join("\n");
}

function aggregateRow(
  mode: string,
  name: string,
  { sim, real, noise, simRange, realRange }: Aggregate,
): string {
  const range = (value: number, [low, high]: readonly [number, number]): string =>
    `${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`.padStart(22);
  return `${mode.padEnd(6)} ${name.padEnd(12)} ${range(sim, simRange)} ${range(real, realRange)}   ${noise.toFixed(2)}`;
}
