// A table: columns in any order, unknown ones refused, and every complaint names file, line and column. Its file is CSV,
// JSON lines or Parquet, told by its content.

import { QuantityError, parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Rounding } from "#model/quantity.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { csvRecords } from "./csv-records.ts";
import { explainFileError, openFile } from "./file-content.ts";
import { jsonLines } from "./json-lines.ts";
import { parquetRecords } from "./parquet-records.ts";
import type { RecordPlace, TableRecord } from "./table-record.ts";

export interface TableShape {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** The table is published without a header: its columns stand in the order of `required`. A header will do, too. */
  readonly isHeaderless?: true;
}

/** `pod,app,cpu[,node]`: as usage texts and errors print it. */
export function describeColumns(shape: TableShape): string {
  return shape.required.join(",") + shape.optional.map((column) => `[,${column}]`).join("");
}

/**
 * Streams the rows of the table in `path`.
 *
 * @throws UsageError if the file cannot be read, its header is not of the shape, or it has no rows.
 */
export async function* readTable(path: string, shape: TableShape): AsyncGenerator<TableRow, void, void> {
  let header: Header | undefined;
  let rows = 0;
  for await (const { record, place } of readRecords(path, [...shape.required, ...shape.optional])) {
    if (header === undefined) {
      const isHeader = shape.isHeaderless !== true || isHeaderOf(shape, record.fields);
      header = new Header({ path, shape, place }, isHeader ? record : { line: 1, fields: shape.required });
      if (isHeader) continue;
    }
    rows++;
    yield new TableRow(header, record);
  }
  if (header === undefined) throw emptyFile(path, describeColumns(shape));
  if (rows === 0) throw new UsageError(`${path}: has a header but no rows`);
}

/**
 * The fields of the first record in `path`: the columns, unless the file has no header. Of JSON lines these are the first
 * object's keys, which may lack columns whose cells are empty there.
 *
 * @throws UsageError if the file cannot be read or is empty.
 */
export async function readHeader(path: string): Promise<FirstRecord> {
  for await (const { record, hasAllColumns } of readRecords(path))
    return { fields: record.fields.map((field) => field.trim()), hasAllColumns };
  throw emptyFile(path, "a header and rows");
}

interface FirstRecord {
  readonly fields: readonly string[];
  readonly hasAllColumns: boolean;
}

function isHeaderOf({ required }: TableShape, fields: readonly string[]): boolean {
  const names = new Set(fields.map((field) => field.trim()));
  return required.every((column) => names.has(column));
}

interface PlacedRecord {
  readonly record: TableRecord;
  readonly place: RecordPlace;
  readonly hasAllColumns: boolean;
}

async function* readRecords(
  path: string,
  columns?: readonly string[],
): AsyncGenerator<PlacedRecord, void, void> {
  const byLine: RecordPlace = (line) => `${path}:${line}`;
  const byRow: RecordPlace = (row) => `${path}: row ${row}`;
  try {
    const content = await openFile(path);
    if (content.kind === "parquet") {
      for await (const record of parquetRecords(path)) yield { record, place: byRow, hasAllColumns: true };
      return;
    }
    const isJson = content.first === "{";
    const records = isJson
      ? jsonLines(path, content.bytes, columns === undefined ? {} : { columns })
      : csvRecords(path, content.bytes);
    for await (const record of records) yield { record, place: byLine, hasAllColumns: !isJson };
  } catch (error) {
    throw explainFileError(path, error);
  }
}

function emptyFile(path: string, expected: string): UsageError {
  return new UsageError(`${path}: is empty; expected ${expected}`);
}

interface TableFrame {
  readonly path: string;
  readonly shape: TableShape;
  readonly place: RecordPlace;
}

class Header {
  readonly #place: RecordPlace;
  readonly expected: string;
  readonly width: number;
  readonly #positions = new Map<string, number>();

  constructor({ shape, place }: TableFrame, { fields, line }: TableRecord) {
    this.#place = place;
    this.expected = describeColumns(shape);
    this.width = fields.length;
    const known = new Set([...shape.required, ...shape.optional]);
    for (const [position, field] of fields.entries()) {
      const column = field.trim();
      if (!known.has(column)) throw this.error(line, `unknown column ${quote(column)}`);
      if (this.#positions.has(column)) throw this.error(line, `column ${column} stands twice`);
      this.#positions.set(column, position);
    }
    const missing = shape.required.filter((column) => !this.#positions.has(column));
    if (missing.length > 0) throw this.error(line, `column ${missing.join(", ")} is missing`);
  }

  position(column: string): number | undefined {
    return this.#positions.get(column);
  }

  error(line: number, what: string): UsageError {
    return new UsageError(`${this.#place(line)}: ${what}; expected columns ${this.expected}`);
  }
}

const NUMBER = /^[+-]?\d+(\.\d*)?([eE][+-]?\d{1,3})?$/;

/** One row. Every accessor throws a UsageError that names file, line and column if the cell is not what is asked for. */
export class TableRow {
  readonly #header: Header;
  readonly #record: TableRecord;

  constructor(header: Header, record: TableRecord) {
    this.#header = header;
    this.#record = record;
    const { length } = record.fields;
    if (length !== header.width) throw this.error(`has ${length} fields, the header has ${header.width}`);
  }

  /** The cell without surrounding blanks; empty if the table has no such column. */
  optional(column: string): string {
    const position = this.#header.position(column);
    return position === undefined ? "" : (this.#record.fields[position] ?? "").trim();
  }

  text(column: string): string {
    const text = this.optional(column);
    if (text === "") throw this.error(`${column} is empty`);
    return text;
  }

  /** A finite number, 0 or more. */
  number(column: string): number {
    return Number(this.#numeral(column));
  }

  /** A whole number, 1 or more. */
  count(column: string): number {
    const value = this.number(column);
    if (!Number.isSafeInteger(value) || value < 1) {
      throw this.error(`${column} is ${quote(this.text(column))}, not a whole number of at least 1`);
    }
    return value;
  }

  /** Millicores, from cores. */
  cpuMilli(column: string, rounding: Rounding): number {
    return this.#toQuantity(column, this.#numeral(column), (text) => parseCpuMilli(text, rounding));
  }

  /** Bytes, from GiB. */
  memoryBytes(column: string, rounding: Rounding): number {
    return this.#toQuantity(column, this.#numeral(column), (text) => parseMemoryBytes(`${text}Gi`, rounding));
  }

  /** Millicores of the largest of a '|'-separated list of cores, rounded up. */
  cpuMilliPeak(column: string): number {
    return this.#toQuantity(column, this.#peak(column), (text) => parseCpuMilli(text, "up"));
  }

  /** Bytes of the largest of a '|'-separated list of GiB, rounded up. */
  memoryBytesPeak(column: string): number {
    return this.#toQuantity(column, this.#peak(column), (text) => parseMemoryBytes(`${text}Gi`, "up"));
  }

  /** The numbers of a '|'-separated list. */
  list(column: string): readonly number[] {
    return this.text(column)
      .split("|")
      .map((text) => Number(this.#checkNumeral(column, text.trim())));
  }

  error(what: string): UsageError {
    return this.#header.error(this.#record.line, what);
  }

  #peak(column: string): string {
    let peak = "";
    for (const text of this.text(column).split("|")) {
      const point = this.#checkNumeral(column, text.trim());
      if (peak === "" || Number(point) > Number(peak)) peak = point;
    }
    return peak;
  }

  #toQuantity(column: string, text: string, parse: (text: string) => number): number {
    try {
      // A quantity has either an exponent or a unit, so that an exponent is written out.
      return parse(/e/i.test(text) ? Number(text).toFixed(EXPANDED_DIGITS) : text);
    } catch (error) {
      if (error instanceof QuantityError)
        throw this.error(`${column} is ${quote(text)}, which is out of range`);
      throw error;
    }
  }

  #numeral(column: string): string {
    return this.#checkNumeral(column, this.text(column));
  }

  #checkNumeral(column: string, text: string): string {
    if (!NUMBER.test(text) || !Number.isFinite(Number(text))) {
      throw this.error(`${column} is ${quote(text)}, not a number`);
    }
    if (Number(text) < 0) throw this.error(`${column} is negative (${quote(text)})`);
    return text;
  }
}

// Of a core or a GiB: finer than a byte.
const EXPANDED_DIGITS = 12;
const QUOTED_LENGTH_MAX = 40;

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED_LENGTH_MAX ? `${text.slice(0, QUOTED_LENGTH_MAX)}…` : text);
}
