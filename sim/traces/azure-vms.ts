// Azure's VM table (github.com/Azure/AzurePublicDataset, vmtable.csv of the traces of 2017 and 2019; no header). A
// deployment stands for an app.

import { readTable, type TableRow, type TableShape } from "./table.ts";
import { collectPods, type LoadOptions } from "./pod-table.ts";
import { RecentIds } from "./recent-ids.ts";
import type { TracePod } from "./trace.ts";

export const AZURE_VMS: TableShape = {
  required: [
    "vmid",
    "subscriptionid",
    "deploymentid",
    "vmcreated",
    "vmdeleted",
    "maxcpu",
    "avgcpu",
    "p95maxcpu",
    "vmcategory",
    "vmcorecountbucket",
    "vmmemorybucket",
  ],
  optional: [],
  isHeaderless: true,
};

/** @throws UsageError for an unreadable file, a malformed row, or a VM that stands twice or is deleted before it is made. */
export async function loadAzureVms(path: string, options: LoadOptions = {}): Promise<TracePod[]> {
  return collectPods(path, readAzureVms(path), options);
}

async function* readAzureVms(path: string): AsyncGenerator<TracePod, void, void> {
  const ids = new RecentIds(Number.POSITIVE_INFINITY);
  for await (const row of readTable(path, AZURE_VMS)) {
    const id = row.text("vmid");
    if (!ids.add(id)) throw row.error(`VM ${id} stands twice`);
    const createSeconds = row.number("vmcreated");
    const deleted = row.number("vmdeleted");
    if (deleted < createSeconds)
      throw row.error(`vmdeleted ${deleted} lies before vmcreated ${createSeconds}`);
    yield {
      id,
      app: row.text("deploymentid"),
      request: {
        cpuMilli: Math.ceil(bucket(row, "vmcorecountbucket", OPEN_CORES) * 1000),
        memoryBytes: Math.ceil(bucket(row, "vmmemorybucket", OPEN_MEMORY_GIB) * 1024 ** 3),
      },
      createSeconds,
      deleteSeconds: Math.max(deleted, createSeconds + BIN_SECONDS),
    };
  }
}

// Times are starts of 5-minute bins, and a VM lives for one at least, as in the analysis published with the trace.
const BIN_SECONDS = 300;

interface OpenBucket {
  readonly text: string;
  readonly value: number;
}

// What the analysis published with the trace of 2019 takes the open buckets for.
const OPEN_CORES: OpenBucket = { text: ">24", value: 30 };
const OPEN_MEMORY_GIB: OpenBucket = { text: ">64", value: 70 };

function bucket(row: TableRow, column: string, open: OpenBucket): number {
  return row.text(column) === open.text ? open.value : row.number(column);
}

/** Whether the first line of a file without a header is one of this table. */
export function looksLikeAzureVms(fields: readonly string[]): boolean {
  if (fields.length !== AZURE_VMS.required.length) return false;
  const isNumber = (field: string): boolean => field !== "" && Number.isFinite(Number(field));
  // The category is a word; Alibaba's table of usage has as many columns and a number there.
  return fields.slice(3, 8).every(isNumber) && !isNumber(fields[8] ?? "");
}
