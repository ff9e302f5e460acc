// The nodes of a scenario.

import { resolve } from "node:path";
import { UsageError } from "#runtime/usage-error.ts";
import type { FleetShape } from "../engine/fleet.ts";
import { loadTraceNodes } from "../traces/node-table.ts";
import type { TraceNode } from "../traces/trace.ts";
import { resourcesOf } from "./written-resources.ts";
import type { Scenario } from "./scenario-schema.ts";

type Fleet = Scenario["fleet"];

/** @throws UsageError for a table that cannot be read and for shapes that offer nothing. */
export async function fleetOf({ auto, shapes, table }: Fleet, folder: string): Promise<FleetShape> {
  if (table !== undefined) return { kind: "fixed", nodes: await loadTraceNodes(resolve(folder, table)) };
  if (auto !== undefined) return { kind: "auto", nodeSize: offered(auto, "fleet.auto") };
  return { kind: "fixed", nodes: shapedNodes(shapes ?? []) };
}

/** Nodes in the order of their shapes, named by number. */
function shapedNodes(shapes: NonNullable<Fleet["shapes"]>): readonly TraceNode[] {
  const nodes: TraceNode[] = [];
  for (const [index, shape] of shapes.entries()) {
    const allocatable = offered(shape, `fleet.shapes.${index}`);
    for (let number = 0; number < shape.count; number++) {
      const zone = shape.zones?.[number % shape.zones.length];
      const name = `node-${String(nodes.length + 1).padStart(6, "0")}`;
      nodes.push({ name, allocatable, ...(zone !== undefined && { zone }) });
    }
  }
  return nodes;
}

function offered(shape: Parameters<typeof resourcesOf>[0], field: string): TraceNode["allocatable"] {
  const allocatable = resourcesOf(shape, "down");
  if (allocatable.cpuMilli > 0 && allocatable.memoryBytes > 0) return allocatable;
  throw new UsageError(`${field}: a node of ${shape.cpu} CPU and ${shape.memory} memory holds nothing`);
}
