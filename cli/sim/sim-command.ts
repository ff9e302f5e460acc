// `berth sim`: what a fleet would look like under each policy, for a trace or a generated workload.

import { basename } from "node:path";
import { describeFlags } from "#runtime/flags.ts";
import { reportAndExit } from "#runtime/component.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { compare, type ComparedRun } from "#sim/engine/comparison.ts";
import { type FleetShape, uniformNodes } from "#sim/engine/fleet.ts";
import type { PlacementPolicy } from "#sim/engine/placement-policy.ts";
import { placementPolicies } from "#sim/engine/policies.ts";
import { comparisonJson } from "#sim/report/comparison-json.ts";
import { comparisonTable } from "#sim/report/comparison-table.ts";
import { generateTrace } from "#sim/traces/generator.ts";
import { loadTrace } from "#sim/traces/load-trace.ts";
import { loadTraceNodes } from "#sim/traces/node-table.ts";
import type { TracePod } from "#sim/traces/trace.ts";
import { parseSidecarSize, readSimOptions, simOptions, type SimOptions } from "./sim-options.ts";
import { parseNodeSize } from "../node-size.ts";

const summary = "replay a trace under several placement policies and compare what the mesh costs";

export const simCommand = {
  name: "sim",
  summary,
  async run(argv: readonly string[]): Promise<void> {
    try {
      await runSim(argv, {
        out: (text) => void process.stdout.write(text),
        progress: (text) => void process.stderr.write(text),
        hasColour: process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "",
      });
    } catch (error) {
      reportAndExit(error);
    }
  },
};

export interface SimOutput {
  /** The report: equal options give equal bytes. */
  readonly out: (text: string) => void;
  /** How long things took. */
  readonly progress: (text: string) => void;
  readonly hasColour: boolean;
}

/** @throws UsageError for options or files that cannot work. */
export async function runSim(
  argv: readonly string[],
  { out, progress, hasColour }: SimOutput,
): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) return out(help());
  const options = readSimOptions(argv);
  const policies = chosenPolicies(options);
  const fleet = await chosenFleet(options);
  const startedMs = performance.now();
  const { trace, pods } = await chosenPods(options);
  let sinceMs = startedMs;
  const tookSeconds = (): string => {
    const nowMs = performance.now();
    const seconds = ((nowMs - sinceMs) / 1000).toFixed(1);
    sinceMs = nowMs;
    return `${seconds} s`;
  };
  progress(`read ${trace}: ${tookSeconds()}\n`);
  const comparison = compare({
    trace,
    pods,
    policies,
    ...(options.order !== undefined && { orders: [options.order] }),
    fleet,
    seed: options.seed,
    profiles: profileOptions(options),
    onRun: (run) => progress(`${runName(run)}: ${tookSeconds()}\n`),
  });
  const isJson = options.json || options.output === "json";
  out(isJson ? comparisonJson(comparison) : comparisonTable(comparison, { hasColour }));
  progress(`took ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`);
}

function help(): string {
  const policies = placementPolicies();
  const width = Math.max(...policies.map(({ name }) => name.length));
  const lines = policies.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Replays a trace under several placement policies and compares what the mesh costs.

Usage: berth sim [options]

${describeFlags(simOptions)}
  --help

Policies (default: all):
${lines.join("\n")}
`;
}

function runName({ policy, order }: ComparedRun): string {
  return `${policy}, ${order}`;
}

function chosenPolicies({ policy, sidecarCpu, sidecarMemory }: SimOptions): readonly PlacementPolicy[] {
  const all = placementPolicies(parseSidecarSize(sidecarCpu, sidecarMemory));
  if (policy === undefined) return all;
  const names = new Set(policy.split(",").map((name) => name.trim()));
  for (const name of names) {
    if (all.some((known) => known.name === name)) continue;
    throw new UsageError(`--policy: "${name}" is none of ${all.map((known) => known.name).join(", ")}`);
  }
  return all.filter(({ name }) => names.has(name));
}

const NODE_SIZE_DEFAULT = "32,128Gi";

async function chosenFleet({ nodes, nodeSize, nodeTable }: SimOptions): Promise<FleetShape> {
  if (nodeTable !== undefined) {
    if (nodes !== undefined || nodeSize !== undefined) {
      throw new UsageError("--node-table says which nodes there are; leave --nodes and --node-size out");
    }
    return { kind: "fixed", nodes: await loadTraceNodes(nodeTable) };
  }
  const size = parseNodeSize(nodeSize ?? NODE_SIZE_DEFAULT);
  if (nodes === undefined || nodes === "auto") return { kind: "auto", nodeSize: size };
  return { kind: "fixed", nodes: uniformNodes(Number(nodes), size) };
}

const GENERATED_PODS = 10_000;
const GENERATED_SPAN_SECONDS = 3 * 24 * 3600;

async function chosenPods({
  trace,
  pods: limit,
  seed,
  format,
  usage,
  largestMachineGib,
}: SimOptions): Promise<{ readonly trace: string; readonly pods: readonly TracePod[] }> {
  if (trace === undefined) {
    const pods = generateTrace({ seed, pods: limit ?? GENERATED_PODS, spanSeconds: GENERATED_SPAN_SECONDS });
    return { trace: "generated trace", pods };
  }
  const pods = await loadTrace(trace, {
    ...(limit !== undefined && { limit }),
    ...(format !== undefined && { format }),
    ...(usage !== undefined && { usagePath: usage }),
    ...(largestMachineGib !== undefined && { largestMachineGib }),
  });
  return { trace: basename(trace), pods };
}

function profileOptions({ cap, baseMib }: SimOptions): {
  readonly podsPerNodeMax?: number;
  readonly instanceBaseBytes?: number;
} {
  return {
    ...(cap !== undefined && { podsPerNodeMax: cap }),
    ...(baseMib !== undefined && { instanceBaseBytes: Math.ceil(baseMib * 1024 ** 2) }),
  };
}
