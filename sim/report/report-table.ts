// A result as plain tables, for those who go on with it in a program of their own: CSV and Parquet hold the same.

import { parquetWriteBuffer } from "hyparquet-writer";

export interface ReportTable {
  /** The file's name, without its ending. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Figure[])[];
}

export type Figure = string | number | boolean | null;

/** RFC 4180, with a plain newline at each row's end. A text that a spreadsheet would take for a formula gets a quote before it. */
export function csvText({ columns, rows }: ReportTable): string {
  return [columns, ...rows].map((row) => `${row.map(csvCell).join(",")}\n`).join("");
}

export function parquetBytes({ columns, rows }: ReportTable): Uint8Array {
  const columnData = columns.map((name, index) => {
    const data = rows.map((row) => row[index] ?? null);
    const isText = data.some((value) => typeof value === "string");
    const isFact = !isText && data.some((value) => typeof value === "boolean");
    const type = isText ? ("STRING" as const) : isFact ? ("BOOLEAN" as const) : ("DOUBLE" as const);
    return {
      name,
      data: isText ? data.map((value) => (value === null ? null : String(value))) : data,
      type,
      nullable: true,
    };
  });
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

// Nested values as columns named by their paths, such as `peak.nodesUsed`; lists and what is absent are left out.
function flatFigures(value: object, prefix = ""): Map<string, Figure> {
  const figures = new Map<string, Figure>();
  for (const [key, entry] of Object.entries(value) as [string, unknown][]) {
    const name = `${prefix}${key}`;
    if (typeof entry === "string" || typeof entry === "number" || typeof entry === "boolean") {
      figures.set(name, entry);
    } else if (typeof entry === "object" && entry !== null && !Array.isArray(entry)) {
      for (const [path, figure] of flatFigures(entry, `${name}.`)) figures.set(path, figure);
    }
  }
  return figures;
}

/** One row for each value, with the columns of all of them, named by their paths; lists are left out. */
export function figureTable(name: string, values: readonly object[]): ReportTable {
  const flat = values.map((value) => flatFigures(value));
  const columns = [...new Set(flat.flatMap((figures) => [...figures.keys()]))];
  return { name, columns, rows: flat.map((figures) => columns.map((column) => figures.get(column) ?? null)) };
}

function csvCell(value: Figure): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
