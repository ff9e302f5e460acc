// Any trace Berth can read: its content says which reader it needs, or the caller does.

import { UsageError } from "#runtime/usage-error.ts";
import {
  ALIBABA_CONTAINERS,
  type AlibabaOptions,
  loadAlibaba,
  looksLikeAlibabaContainers,
  looksLikeAlibabaUsage,
} from "./alibaba-2018.ts";
import { AZURE_VMS, loadAzureVms, looksLikeAzureVms } from "./azure-vms.ts";
import { NODE_TABLE } from "./node-table.ts";
import { loadOpenb, OPENB_NODES, OPENB_PODS } from "./openb.ts";
import { loadPodTrace, POD_TABLE } from "./pod-table.ts";
import { describeColumns, readHeader, type TableShape } from "./table.ts";
import { loadTianchiA, loadTianchiB, type TianchiBOptions } from "./tianchi.ts";
import { TIANCHI_A_PODS, TIANCHI_B_APPS, TIANCHI_B_PODS } from "./tianchi.ts";
import type { TracePod } from "./trace.ts";

export const TRACE_FORMATS = [
  "pod-table",
  "tianchi-a",
  "tianchi-b",
  "openb",
  "alibaba-2018",
  "azure-vms",
] as const;
export type TraceFormat = (typeof TRACE_FORMATS)[number];

/**
 * What kind of trace `path` holds, told by its first record.
 *
 * @throws UsageError if the file cannot be read, or it is none of those known; the message lists them.
 */
export async function detectTrace(path: string): Promise<TraceFormat> {
  const { fields: first, hasAllColumns } = await readHeader(path);
  const known = Object.entries(FORMATS).find(([, { shape, looksLike, empties = [] }]) => {
    const columns = hasAllColumns ? first : [...new Set([...first, ...empties])];
    return isOfShape(columns, shape) || looksLike?.(first) === true;
  });
  if (known !== undefined) return known[0] as TraceFormat;
  if (isOfShape(first, NODE_TABLE) || isOfShape(first, OPENB_NODES)) {
    throw new UsageError(`${path}: holds nodes, not pods; name it as the table of nodes`);
  }
  if (isOfShape(first, TIANCHI_B_APPS)) {
    throw new UsageError(`${path}: holds apps, not pods; name it as the table of apps beside set B's pods`);
  }
  if (looksLikeAlibabaUsage(first)) {
    throw new UsageError(`${path}: holds usage, not containers; name container_meta.csv as the trace`);
  }
  const headers = Object.entries(FORMATS).map(
    ([name, { shape, what }]) => `\n  ${describeColumns(shape)}  (${name}: ${what})`,
  );
  throw new UsageError(
    `${path}:1: the header ${first.join(",").slice(0, HEADER_LENGTH_MAX)} is of no known trace; known headers:${headers.join("")}`,
  );
}

export interface TraceOptions extends TianchiBOptions, AlibabaOptions {
  /** Told by the content if absent. */
  readonly format?: TraceFormat;
}

/**
 * The pods of a trace of any known kind, in file order.
 *
 * @throws UsageError as detectTrace and the kind's own reader do.
 */
export async function loadTrace(path: string, options: TraceOptions = {}): Promise<TracePod[]> {
  const format = options.format ?? (await detectTrace(path));
  return FORMATS[format].load(path, options);
}

interface KnownFormat {
  readonly shape: TableShape;
  readonly what: string;
  readonly load: (path: string, options: TraceOptions) => Promise<TracePod[]>;
  /** Columns whose cells may be empty: JSON lines may lack them. */
  readonly empties?: readonly string[];
  /** Tells the table by the first row of a file without a header. */
  readonly looksLike?: (fields: readonly string[]) => boolean;
}

const FORMATS: Readonly<Record<TraceFormat, KnownFormat>> = {
  "pod-table": {
    shape: POD_TABLE,
    what: "one pod with its lifetime per row",
    load: loadPodTrace,
    empties: ["delete_s"],
  },
  "tianchi-a": { shape: TIANCHI_A_PODS, what: "Tianchi 2018, set A", load: loadTianchiA },
  "tianchi-b": { shape: TIANCHI_B_PODS, what: "Tianchi 2018, set B", load: loadTianchiB },
  openb: {
    shape: OPENB_PODS,
    what: "Alibaba GPU 2023, pods",
    load: loadOpenb,
    empties: ["deletion_time"],
  },
  "alibaba-2018": {
    shape: ALIBABA_CONTAINERS,
    what: "Alibaba 2018, container_meta, without a header",
    load: loadAlibaba,
    looksLike: looksLikeAlibabaContainers,
  },
  "azure-vms": {
    shape: AZURE_VMS,
    what: "Azure 2017 and 2019, vmtable, without a header",
    load: loadAzureVms,
    looksLike: looksLikeAzureVms,
  },
};

// A file that is no table may have a first line of any length.
const HEADER_LENGTH_MAX = 200;

function isOfShape(columns: readonly string[], { required, optional }: TableShape): boolean {
  return (
    required.every((column) => columns.includes(column)) &&
    columns.every((column) => required.includes(column) || optional.includes(column))
  );
}
