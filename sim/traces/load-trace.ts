// Any trace Berth can read: its header says which reader it needs.

import { UsageError } from "#runtime/usage-error.ts";
import { describeColumns, readHeader } from "./csv-table.ts";
import type { TableShape } from "./csv-table.ts";
import { POD_TABLE, loadPodTrace } from "./pod-table.ts";
import { NODE_TABLE, TIANCHI_A_PODS, TIANCHI_B_APPS, TIANCHI_B_PODS } from "./tianchi.ts";
import { loadTianchiA, loadTianchiB } from "./tianchi.ts";
import type { TianchiBOptions } from "./tianchi.ts";
import type { TracePod } from "./trace.ts";

export type TraceKind = "podTable" | "tianchiA" | "tianchiB";

/**
 * What kind of trace `path` holds, told by its first line.
 *
 * @throws UsageError if the file cannot be read, or its header is none of those known; the message lists them.
 */
export async function detectTrace(path: string): Promise<TraceKind> {
  const columns = await readHeader(path);
  const known = KINDS.find(({ shape }) => isOfShape(columns, shape));
  if (known !== undefined) return known.kind;
  if (isOfShape(columns, NODE_TABLE)) {
    throw new UsageError(`${path}: holds nodes, not pods; name it as the table of nodes`);
  }
  if (isOfShape(columns, TIANCHI_B_APPS)) {
    throw new UsageError(`${path}: holds apps, not pods; name it as the table of apps beside set B's pods`);
  }
  const headers = KINDS.map(({ shape, what }) => `\n  ${describeColumns(shape)}  (${what})`).join("");
  throw new UsageError(
    `${path}:1: the header ${columns.join(",").slice(0, HEADER_LENGTH_MAX)} is of no known trace; known headers:${headers}`,
  );
}

/**
 * The pods of a trace of any known kind, in file order.
 *
 * @throws UsageError as detectTrace and the kind's own reader do.
 */
export async function loadTrace(path: string, options: TianchiBOptions = {}): Promise<TracePod[]> {
  const kind = await detectTrace(path);
  switch (kind) {
    case "podTable":
      return loadPodTrace(path, options);
    case "tianchiA":
      return loadTianchiA(path, options);
    case "tianchiB":
      return loadTianchiB(path, options);
  }
}

const KINDS: readonly { readonly kind: TraceKind; readonly shape: TableShape; readonly what: string }[] = [
  { kind: "podTable", shape: POD_TABLE, what: "pod table: one pod with its lifetime per row" },
  { kind: "tianchiA", shape: TIANCHI_A_PODS, what: "Tianchi 2018, set A" },
  { kind: "tianchiB", shape: TIANCHI_B_PODS, what: "Tianchi 2018, set B" },
];

// A file that is no CSV may have a first line of any length.
const HEADER_LENGTH_MAX = 200;

function isOfShape(columns: readonly string[], { required, optional }: TableShape): boolean {
  return (
    required.every((column) => columns.includes(column)) &&
    columns.every((column) => required.includes(column) || optional.includes(column))
  );
}
