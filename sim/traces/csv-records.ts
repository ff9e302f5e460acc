// The records of CSV text, one after the other: memory stays bounded however large the file is.

import { Readable, pipeline } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { UsageError } from "#runtime/usage-error.ts";
import type { TableRecord } from "./table-record.ts";

// A row of the widest table known (98 points of two curves) has 2 KiB. Without a limit, a file with no line break in
// it would be collected whole.
const RECORD_BYTES_MAX = 1024 * 1024;

const PARSER_OPTIONS = {
  bom: true,
  relax_column_count: true,
  skip_empty_lines: true,
  max_record_size: RECORD_BYTES_MAX,
  on_record: toRecord,
} as const;

// The type of the option allows only for records of the parser's own shape; what comes out is a TableRecord.
function toRecord(fields: string[], { lines }: { readonly lines: number }): never {
  const record: TableRecord = { line: lines, fields };
  return record as never;
}

/**
 * Streams the records of CSV text; empty lines are skipped.
 *
 * @throws UsageError if it is not CSV, and whatever `bytes` throws.
 */
export async function* csvRecords(
  path: string,
  bytes: AsyncIterable<Buffer>,
): AsyncGenerator<TableRecord, void, void> {
  const parser = parse(PARSER_OPTIONS);
  // The parser is read below and is destroyed with whatever went wrong before it: the callback has nothing to add.
  pipeline(Readable.from(bytes, { objectMode: false }), parser, () => {});
  try {
    yield* parser as AsyncIterable<TableRecord>;
  } catch (error) {
    throw error instanceof CsvError ? explained(path, error) : error;
  }
}

// The library's own messages quote the record, however long it is.
const CSV_ERRORS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quoted field does not end",
  INVALID_OPENING_QUOTE: "a quote stands in the middle of a field",
  CSV_INVALID_CLOSING_QUOTE: "text follows a closing quote",
};

function explained(path: string, error: CsvError): UsageError {
  const line = typeof error["lines"] === "number" ? error["lines"] : 1;
  const what =
    error.code === "CSV_MAX_RECORD_SIZE"
      ? `is longer than ${RECORD_BYTES_MAX} bytes; is this a CSV file?`
      : `is not valid CSV: ${CSV_ERRORS[error.code] ?? error.code}`;
  return new UsageError(`${path}:${line}: ${what}`, { cause: error });
}
