// Nodes to put pods on: a table of node, cpu and mem_gib, or the nodes of the openb trace.

import type { Resources } from "#model/resources.ts";
import { OPENB_NODES, openbResources } from "./openb.ts";
import { RecentIds } from "./recent-ids.ts";
import { readHeader, readTable, type TableRow, type TableShape } from "./table.ts";
import type { TraceNode } from "./trace.ts";

/** Those of the Tianchi contest have more columns than are weighed. */
export const NODE_TABLE: TableShape = {
  required: ["node", "cpu", "mem_gib"],
  optional: ["zone", "disk_gib", "P", "M", "PM"],
};

// Two orders of magnitude above the largest clusters Kubernetes supports.
const NODES_MAX = 500_000;

/**
 * Nodes in file order; a node offers what the table says, rounded down.
 *
 * @throws UsageError for an unreadable file, a malformed row, a node that stands twice or offers nothing, and for more
 * than 500,000 nodes.
 */
export async function loadTraceNodes(path: string): Promise<TraceNode[]> {
  const isOpenb = (await readHeader(path)).fields.includes("sn");
  const names = new RecentIds(Number.POSITIVE_INFINITY);
  const nodes: TraceNode[] = [];
  for await (const row of readTable(path, isOpenb ? OPENB_NODES : NODE_TABLE)) {
    const name = row.text(isOpenb ? "sn" : "node");
    if (!names.add(name)) throw row.error(`node ${name} stands twice`);
    const allocatable = isOpenb ? openbResources(row) : tableResources(row);
    if (allocatable.cpuMilli === 0 || allocatable.memoryBytes === 0) {
      throw row.error(`node ${name} offers no CPU or no memory`);
    }
    if (nodes.length === NODES_MAX) throw row.error(`there are more than ${NODES_MAX} nodes`);
    const zone = row.optional("zone");
    nodes.push({ name, allocatable, ...(zone !== "" && { zone }) });
  }
  return nodes;
}

function tableResources(row: TableRow): Resources {
  return { cpuMilli: row.cpuMilli("cpu", "down"), memoryBytes: row.memoryBytes("mem_gib", "down") };
}
