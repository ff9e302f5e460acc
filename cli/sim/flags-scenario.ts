// The flags of `berth sim` as the scenario that they stand for, so that both are run by the same code.

import type { ScenarioSource } from "#sim/scenario/scenario-schema.ts";
import { SCENARIO_API_VERSION, SCENARIO_KIND } from "#sim/scenario/scenario-schema.ts";
import { formatCpu, formatMemory } from "#model/quantity.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { INSTANCE_BASES } from "#sim/instance-bases.ts";
import { wantsReport } from "../report-output.ts";
import { parseNodeSize } from "../node-size.ts";
import { parseSidecarSize, type SimOptions } from "./sim-options.ts";

/** @throws UsageError for flags that do not go together. */
export function scenarioOfFlags(options: SimOptions): ScenarioSource {
  const { seed, order, policy, cap, sidecarCpu, sidecarMemory } = options;
  // Says which of the two flags is wrong, which the schema cannot.
  parseSidecarSize(sidecarCpu, sidecarMemory);
  return {
    apiVersion: SCENARIO_API_VERSION,
    kind: SCENARIO_KIND,
    name: options.trace ?? "generated trace",
    workload: { ...workload(options), ...(order !== undefined && { orders: [order] }), tooLarge: "wait" },
    fleet: fleet(options),
    mesh: {
      ...bases(options),
      ...(cap !== undefined && { podsPerNodeMax: cap }),
      sidecar: { cpu: sidecarCpu.trim(), memory: sidecarMemory.trim() },
    },
    ...(policy !== undefined && { policies: policy.split(",").map((name) => name.trim()) }),
    seeds: [seed],
  };
}

// A report puts what was published beside what was measured, unless a base is given.
function bases(options: SimOptions): Pick<NonNullable<ScenarioSource["mesh"]>, "bases"> {
  const { baseMib } = options;
  if (baseMib !== undefined) {
    return { bases: [{ name: `${baseMib} MiB`, memory: Math.ceil(baseMib * 1024 ** 2) }] };
  }
  if (!wantsReport(options)) return {};
  return { bases: INSTANCE_BASES.map(({ name, memoryBytes }) => ({ name, memory: memoryBytes })) };
}

function workload({ trace, pods, format, usage, largestMachineGib }: SimOptions): ScenarioSource["workload"] {
  if (trace === undefined) {
    if (format !== undefined || usage !== undefined || largestMachineGib !== undefined) {
      throw new UsageError(
        "--format, --usage and --largest-machine-gib are of a trace; name one with --trace",
      );
    }
    return { generator: { ...(pods !== undefined && { pods }) } };
  }
  return {
    trace: {
      file: trace,
      ...(pods !== undefined && { limit: pods }),
      ...(format !== undefined && { format }),
      ...(usage !== undefined && { usage }),
      ...(largestMachineGib !== undefined && { largestMachineGib }),
    },
  };
}

const NODE_SIZE_DEFAULT = "32,128Gi";

function fleet({ nodes, nodeSize, nodeTable }: SimOptions): ScenarioSource["fleet"] {
  if (nodeTable !== undefined) {
    if (nodes !== undefined || nodeSize !== undefined) {
      throw new UsageError("--node-table says which nodes there are; leave --nodes and --node-size out");
    }
    return { table: nodeTable };
  }
  const { cpuMilli, memoryBytes } = parseNodeSize(nodeSize ?? NODE_SIZE_DEFAULT);
  const size = { cpu: formatCpu(cpuMilli), memory: formatMemory(memoryBytes) };
  if (nodes === undefined || nodes === "auto") return { auto: size };
  return { shapes: [{ count: Number(nodes), ...size }] };
}
