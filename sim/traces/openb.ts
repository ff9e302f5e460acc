// Alibaba's GPU cluster trace of 2023 ("openb", github.com/alibaba/clusterdata, cluster-trace-gpu-v2023): pods with
// times in seconds, and nodes. GPUs are not weighed. The trace says of no pod which application it belongs to, so each
// pod is an app of its own: nothing can be shared, and what a mesh saves there is a lower bound.

import { readTable, type TableRow, type TableShape } from "./table.ts";
import { collectPods, type LoadOptions } from "./pod-table.ts";
import { RecentIds } from "./recent-ids.ts";
import type { TracePod } from "./trace.ts";

export const OPENB_PODS: TableShape = {
  required: [
    "name",
    "cpu_milli",
    "memory_mib",
    "num_gpu",
    "gpu_milli",
    "gpu_spec",
    "qos",
    "pod_phase",
    "creation_time",
    "deletion_time",
    "scheduled_time",
  ],
  optional: [],
};

export const OPENB_NODES: TableShape = {
  required: ["sn", "cpu_milli", "memory_mib", "gpu", "model"],
  optional: [],
};

/** @throws UsageError for an unreadable file, a malformed row, a pod that stands twice or leaves before it comes. */
export async function loadOpenb(path: string, options: LoadOptions = {}): Promise<TracePod[]> {
  return collectPods(path, readOpenb(path), options);
}

async function* readOpenb(path: string): AsyncGenerator<TracePod, void, void> {
  const ids = new RecentIds(Number.POSITIVE_INFINITY);
  for await (const row of readTable(path, OPENB_PODS)) {
    const id = row.text("name");
    if (!ids.add(id)) throw row.error(`pod ${id} stands twice`);
    yield { id, app: id, request: openbResources(row), ...openbLife(row) };
  }
}

/** Whole millicores and MiB, as pods and nodes of this trace have them. */
export function openbResources(row: TableRow): { readonly cpuMilli: number; readonly memoryBytes: number } {
  return {
    cpuMilli: Math.ceil(row.number("cpu_milli")),
    memoryBytes: Math.ceil(row.number("memory_mib") * 1024 ** 2),
  };
}

function openbLife(row: TableRow): Pick<TracePod, "createSeconds" | "deleteSeconds"> {
  const createSeconds = row.number("creation_time");
  const deleteSeconds = row.optional("deletion_time") === "" ? undefined : row.number("deletion_time");
  if (deleteSeconds !== undefined && deleteSeconds < createSeconds) {
    throw row.error(`deletion_time ${deleteSeconds} lies before creation_time ${createSeconds}`);
  }
  return { createSeconds, deleteSeconds };
}
