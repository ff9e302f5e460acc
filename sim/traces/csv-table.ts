// A CSV file with a header: columns in any order, unknown ones refused, and every complaint names file and line.

import { QuantityError, parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Rounding } from "#model/quantity.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { readCsvRecords } from "./csv-records.ts";
import type { CsvRecord } from "./csv-records.ts";

export interface TableShape {
  readonly required: readonly string[];
  readonly optional: readonly string[];
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
  for await (const record of readCsvRecords(path)) {
    if (header === undefined) {
      header = new Header(path, shape, record);
      continue;
    }
    rows++;
    yield new TableRow(header, record);
  }
  if (header === undefined) throw emptyFile(path, describeColumns(shape));
  if (rows === 0) throw new UsageError(`${path}: has a header but no rows`);
}

/**
 * The column names in the first line of `path`.
 *
 * @throws UsageError if the file cannot be read or is empty.
 */
export async function readHeader(path: string): Promise<readonly string[]> {
  for await (const { fields } of readCsvRecords(path)) return fields.map((field) => field.trim());
  throw emptyFile(path, "a header and rows");
}

function emptyFile(path: string, expected: string): UsageError {
  return new UsageError(`${path}: is empty; expected ${expected}`);
}

class Header {
  readonly path: string;
  readonly expected: string;
  readonly width: number;
  readonly #positions = new Map<string, number>();

  constructor(path: string, shape: TableShape, { fields, line }: CsvRecord) {
    this.path = path;
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
    return new UsageError(`${this.path}:${line}: ${what}; expected columns ${this.expected}`);
  }
}

const NUMBER = /^[+-]?\d+(\.\d*)?([eE][+-]?\d{1,3})?$/;

/** One row. Every accessor throws a UsageError that names file, line and column if the cell is not what is asked for. */
export class TableRow {
  readonly #header: Header;
  readonly #record: CsvRecord;

  constructor(header: Header, record: CsvRecord) {
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
