// Does the simulator decide as the real thing does? The same slice goes through the real kube-scheduler on kwok's nodes,
// alone and with the real extender in score mode, and through the simulator: decision by decision in the same state, and
// as a whole. `--nodes N --pods N --runs N --seed N --traces FOLDER --modes plain,score`.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "simple-statistics";
import { UsageError } from "#runtime/usage-error.ts";
import { toolBinaries } from "#test/e2e/tool-binaries.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { type Aggregates, aggregatesOf } from "./fidelity/aggregates.ts";
import { FidelityBed } from "./fidelity/fidelity-bed.ts";
import { type Agreement, compareInLockStep, newAgreement } from "./fidelity/lock-step.ts";
import { type FidelityMode, type RealDecision, runForReal } from "./fidelity/real-run.ts";
import { drawSlice } from "./fidelity/slice.ts";
import { sliceNodes } from "./fidelity/slice-nodes.ts";

export const fidelityBench: Bench = {
  summary:
    "the simulator against the real kube-scheduler and extender on the same slice: decisions, scores, aggregates",
  run,
};

/** kube-scheduler samples clusters of 100 nodes and more by default; below, and at 100 %, it looks at every node. */
const SIZE = { nodes: 64, pods: 1_100, runs: 3 };
/** A control plane alone takes most of half a minute: the least that shows anything. */
const SIZE_QUICK = { nodes: 32, pods: 150, runs: 1 };
const SEED = 1;
const MODES = ["plain", "score"] as const satisfies readonly FidelityMode[];
/** Beside the checkout, if anywhere: traces are no part of the project. */
const TRACES = join(import.meta.dirname, "../../shared/traces");

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const choice = choiceOf(argv, isQuick ? SIZE_QUICK : SIZE);
  const tools = await toolBinaries(progress);
  const startedMs = performance.now();
  const slice = await drawSlice({ podCount: choice.pods, seed: choice.seed, folder: choice.traces });
  progress(`${slice.pods.length} pods: ${slice.source}; ${choice.nodes} nodes`);
  const bed = await FidelityBed.open(tools, { nodes: sliceNodes(choice.nodes), slice });
  try {
    const modes: Partial<Record<FidelityMode, ModeFigures>> = {};
    const pooled = newAgreement();
    for (const mode of choice.modes) {
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
      modes[mode] = { ...figuresOf(own), aggregates: aggregatesOf(runs, { state, mode }) };
    }
    const figures = {
      ...figuresOf(pooled),
      aggregates: modes.score?.aggregates ?? modes.plain?.aggregates ?? null,
      modes,
      slice: { source: slice.source, pods: slice.pods.length, nodes: choice.nodes, runs: choice.runs },
      seconds: (performance.now() - startedMs) / 1000,
      isQuick,
    };
    return { figures, table: table(figures, modes) };
  } finally {
    await bed.close();
  }
}

type AgreementFigures = ReturnType<typeof figuresOf>;
type ModeFigures = AgreementFigures & { readonly aggregates: Aggregates };

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
  readonly modes: readonly FidelityMode[];
}

function choiceOf(argv: readonly string[], size: typeof SIZE): Choice {
  const text = { type: "string" } as const;
  const { values } = parsed(argv, {
    nodes: text,
    pods: text,
    runs: text,
    seed: text,
    traces: text,
    modes: text,
  });
  const wanted = values.modes?.split(",") ?? MODES;
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

function parsed<T extends Readonly<Record<string, { readonly type: "string" }>>>(
  argv: readonly string[],
  options: T,
): { readonly values: { readonly [Name in keyof T]?: string } } {
  try {
    return parseArgs({ args: [...argv], options }) as {
      readonly values: { readonly [Name in keyof T]?: string };
    };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function countOf(flag: string, text: string | undefined, absent: number): number {
  if (text === undefined) return absent;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new UsageError(`--${flag} must be a whole number from 1`);
  return count;
}

function inWords(agreement: Agreement): string {
  const { argmaxAgreement, filterAgreement, totalsAgreement, rejections } = figuresOf(agreement);
  const percent = (share: number | null): string => (share === null ? "–" : `${(100 * share).toFixed(2)} %`);
  return `the node taken is among the model's best in ${percent(argmaxAgreement)}, filter ${percent(filterAgreement)}, totals ${percent(totalsAgreement)}, ${rejections.pods} pods rejected`;
}

function table(
  pooled: AgreementFigures & { readonly seconds: number; readonly slice: { readonly source: string } },
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
  lines.push("", "mode   aggregate      simulator (range)          real (range)   real runs differ by");
  for (const [mode, { aggregates }] of Object.entries(modes)) {
    for (const [name, { sim, real, noise, simRange, realRange }] of Object.entries(aggregates)) {
      const range = (value: number, [low, high]: readonly [number, number]): string =>
        `${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`.padStart(22);
      lines.push(
        `${mode.padEnd(6)} ${name.padEnd(9)} ${range(sim, simRange)} ${range(real, realRange)}   ${noise.toFixed(2)}`,
      );
    }
  }
  lines.push("", ...pooled.disagreements.map((text) => `disagreement: ${text}`));
  return lines.join("\n");
}
