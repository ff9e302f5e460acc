// The records of a CSV file, plain or gzipped, one after the other: memory stays bounded however large the file is.
// Whatever can be wrong with a file the user named becomes a UsageError that says what and where.

import { createReadStream } from "node:fs";
import { Readable, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { CsvError, parse } from "csv-parse";
import { UsageError } from "#runtime/usage-error.ts";

export interface CsvRecord {
  /** Counted from 1; where the record ends, if a quoted field spans several lines. */
  readonly line: number;
  readonly fields: readonly string[];
}

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

// The type of the option allows only for records of the parser's own shape; what comes out is a CsvRecord.
function toRecord(fields: string[], { lines }: { readonly lines: number }): never {
  const record: CsvRecord = { line: lines, fields };
  return record as never;
}

/**
 * Streams the records of `path`. Gzip is recognised by its first bytes, so the file's name does not matter, and a pipe
 * will do for a file. Empty lines are skipped.
 *
 * @throws UsageError if the file cannot be read, is a directory, is damaged or cut short, or is not CSV.
 */
export async function* readCsvRecords(path: string): AsyncGenerator<CsvRecord, void, void> {
  try {
    const bytes = createReadStream(path)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const head = await readHead(bytes);
    const parser = parse(PARSER_OPTIONS);
    const source = Readable.from(joined(head, bytes), { objectMode: false });
    // The parser is read below and is destroyed with whatever went wrong before it: the callback has nothing to add.
    const ignore = () => {};
    if (isGzip(head)) pipeline(source, createGunzip(), parser, ignore);
    else pipeline(source, parser, ignore);
    yield* parser as AsyncIterable<CsvRecord>;
  } catch (error) {
    throw explain(path, error);
  }
}

const GZIP_MAGIC = [0x1f, 0x8b] as const;

function isGzip(head: Buffer): boolean {
  return head[0] === GZIP_MAGIC[0] && head[1] === GZIP_MAGIC[1];
}

/** Enough of the file to tell gzip from text; a pipe may hand out single bytes. */
async function readHead(bytes: AsyncIterator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < GZIP_MAGIC.length) {
    const next = await bytes.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* joined(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    // Closes the file when the reader stops early.
    await rest.return?.();
  }
}

// The library's own messages quote the record, however long it is.
const CSV_ERRORS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quoted field does not end",
  INVALID_OPENING_QUOTE: "a quote stands in the middle of a field",
  CSV_INVALID_CLOSING_QUOTE: "text follows a closing quote",
};

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "may not be read (permission denied)",
  EPERM: "may not be read (permission denied)",
  EISDIR: "is a directory; name a CSV file, plain or gzipped",
  ENOTDIR: "a part of this path is a file, not a directory",
  Z_BUF_ERROR: "ends in the middle of its gzip data; was it copied completely?",
  Z_DATA_ERROR: "has damaged gzip data; was it copied completely?",
  ENAMETOOLONG: "the name is too long",
};

function explain(path: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof CsvError) {
    const line = typeof error["lines"] === "number" ? error["lines"] : 1;
    const what =
      error.code === "CSV_MAX_RECORD_SIZE"
        ? `is longer than ${RECORD_BYTES_MAX} bytes; is this a CSV file?`
        : `is not valid CSV: ${CSV_ERRORS[error.code] ?? error.code}`;
    return new UsageError(`${path}:${line}: ${what}`, { cause: error });
  }
  const { code } = error as NodeJS.ErrnoException;
  const what = code === undefined ? undefined : FILE_ERRORS[code];
  if (what !== undefined) return new UsageError(`${path}: ${what}`, { cause: error });
  return code === undefined
    ? error
    : new UsageError(`${path}: cannot be read (${error.message})`, { cause: error });
}
