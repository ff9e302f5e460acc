// `berth sim`: what a fleet would look like under each policy, for a trace or a generated workload.

import { dirname, resolve } from "node:path";
import { assert } from "#model/assert.ts";
import { describeFlags } from "#runtime/flags.ts";
import { berthVersion } from "#runtime/berth-version.ts";
import { reportAndExit } from "#runtime/component.ts";
import { keepHeapTight } from "#runtime/tight-heap.ts";
import { placementPolicies } from "#sim/engine/policies.ts";
import { comparisonJson } from "#sim/report/comparison-json.ts";
import { comparisonTable } from "#sim/report/comparison-table.ts";
import { withLinearBounds } from "#sim/scenario/linear-bounds.ts";
import { calibrationOf } from "#sim/scenario/scenario-calibration.ts";
import type { PlaceOf } from "#sim/scenario/place-of.ts";
import { readScenarioFile } from "#sim/scenario/scenario-file.ts";
import { fileNames, inputFiles } from "#sim/scenario/scenario-inputs.ts";
import { withMinimumNodes } from "#sim/scenario/scenario-minimum-nodes.ts";
import { prepareScenario, runScenario, runsIn } from "#sim/scenario/scenario-run.ts";
import { type Scenario, scenarioSchema } from "#sim/scenario/scenario-schema.ts";
import { calibrationTable, scenarioJson, scenarioTable, scenarioText } from "#sim/scenario/scenario-text.ts";
import { simReport } from "#sim/report/sim-report.ts";
import { simTables } from "#sim/report/sim-tables.ts";
import { checkReportTargets, givenOptions, inputFile, wantsReport, writeReports } from "../report-output.ts";
import { type CommandOutput, standardOutput } from "../command-output.ts";
import { reencoded } from "../structured.ts";
import { progressShown, WorkProgress } from "../work-progress.ts";
import { scenarioOfFlags } from "./flags-scenario.ts";
import { Decisions } from "./decisions.ts";
import { readSimOptions, simOptions, type SimOptions } from "./sim-options.ts";

const summary = "replay a trace under several placement policies and compare what the mesh costs";

export const simCommand = {
  name: "sim",
  summary,
  async run(argv: readonly string[]): Promise<void> {
    try {
      keepHeapTight();
      await runSim(argv, standardOutput());
    } catch (error) {
      reportAndExit(error);
    }
  },
};

/** @throws UsageError for options or files that cannot work. */
export async function runSim(
  argv: readonly string[],
  { out, progress, isTerminal, hasColour }: CommandOutput,
): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) return out(help());
  const options = readSimOptions(argv);
  checkReportTargets(options);
  const { scenario, folder, seed, placeOf } = chosenScenario(options);
  if (options.printScenario) return out(scenarioText(scenario));
  if (options.calibration) return out(calibrationTable(calibrationOf(scenario, seed)));
  const isForProgram = options.json || options.output !== "table";
  const shown = progressShown(isTerminal, { isForProgram });
  const others = scenario.seeds.length - 1;
  if (others > 0) progress(`seed ${seed} of ${others + 1}; berth sweep runs all of them\n`);
  const decisions = new Decisions(options.explain);
  const prepared = await prepareScenario(scenario, {
    folder,
    seed,
    ...(placeOf !== undefined && { placeOf }),
  });
  const watched = decisions.watched(prepared);
  for (const warning of prepared.warnings) progress(`warning: ${warning}\n`);
  const running = { total: runsIn(prepared), unit: "replays", shown, write: progress };
  const replays = new WorkProgress({ ...running, nowMs: () => performance.now() });
  replays.begin(prepared.pods.name, 0);
  const ran = runScenario(watched, () => replays.stepDone());
  const hasLinearBounds = options.bounds === "lp";
  const working = (what: string): void => replays.begin(what, running.total);
  const bounded = hasLinearBounds ? await withLinearBounds(ran, prepared, working) : ran;
  const rounds = options.minimumNodes;
  const report =
    rounds === undefined ? bounded : withMinimumNodes(bounded, prepared, { rounds, onRun: working });
  replays.clear();
  if (options.scenario !== undefined) {
    const inputs = await inputFiles(scenario, folder);
    out(
      isForProgram
        ? reencoded(options.output, scenarioJson({ scenario, inputs, report }))
        : scenarioTable(report, { hasColour }),
    );
  } else {
    const [only] = report.results;
    assert(only !== undefined, "flags give a base of an instance");
    out(
      isForProgram
        ? reencoded(options.output, comparisonJson(only.comparison))
        : comparisonTable(only.comparison, { hasColour }),
    );
  }
  if (!isForProgram) out(decisions.text());
  if (wantsReport(options)) {
    const provenance = {
      version: berthVersion(),
      seed,
      inputs: await Promise.all(reportInputs(options, { scenario, folder }).map(inputFile)),
      options: givenOptions(argv),
    };
    const assumptions = assumptionsOf(scenario);
    await writeReports(options, {
      document: () => simReport({ report, hasLinearBounds, assumptions, provenance }),
      tables: simTables(report),
    });
  }
}

function help(): string {
  const policies = placementPolicies();
  const width = Math.max(...policies.map(({ name }) => name.length));
  const lines = policies.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Replays a trace under several placement policies and compares what the mesh costs.

Usage: berth sim [options]

${describeFlags(simOptions)}
  --help

Policies (default: all; a file such as ./my-scorer.ts is a policy of one's own):
${lines.join("\n")}
`;
}

interface ChosenScenario {
  readonly scenario: Scenario;
  /** Where relative names of files start. */
  readonly folder: string;
  readonly seed: number;
  readonly placeOf?: PlaceOf;
}

function chosenScenario(options: SimOptions): ChosenScenario {
  if (options.scenario === undefined) {
    const scenario = scenarioSchema.parse(scenarioOfFlags(options));
    return { scenario, folder: process.cwd(), seed: options.seed };
  }
  const { scenario, placeOf } = readScenarioFile(options.scenario);
  const [first = options.seed] = scenario.seeds;
  const seed = options.isSeedGiven === true ? options.seed : first;
  return { scenario, folder: dirname(options.scenario), seed, placeOf };
}

function reportInputs(
  options: SimOptions,
  { scenario, folder }: Pick<ChosenScenario, "scenario" | "folder">,
): readonly string[] {
  const own = options.scenario === undefined ? [] : [options.scenario];
  return [...own, ...fileNames(scenario).map((file) => resolve(folder, file))];
}

// What the figures rest on, in sentences.
function assumptionsOf({ mesh }: Scenario): readonly string[] {
  const { perPod, perConnection, perKiloRps, connectionsPerPod, kiloRpsPerPod, proxyBase, sidecar } = mesh;
  const amount = ({ cpu, memory }: { readonly cpu: unknown; readonly memory: unknown }): string =>
    `CPU ${String(cpu)} and memory ${String(memory)}`;
  return [
    `A node proxy takes ${amount(proxyBase)} without any instance; each pod adds ${amount(perPod)} to its instance, each of its ${connectionsPerPod} connections ${amount(perConnection)}, each thousand requests per second ${amount(perKiloRps)}, of which a pod has ${kiloRpsPerPod}.`,
    `A sidecar of fixed size takes ${amount(sidecar)}.`,
  ];
}
