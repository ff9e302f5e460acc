// The records of a Parquet file, row group by row group: memory holds one of them at a time. Snappy is the library's
// own; gzip, zstd and brotli are Node's.

import type { AsyncBuffer, Compressors, FileMetaData } from "hyparquet";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { UsageError } from "#runtime/usage-error.ts";
import type { TableRecord } from "./table-record.ts";

/** As many rows as a loaded trace may have pods; writers' defaults are 1,048,576 at most. */
const GROUP_ROWS_MAX = 5_000_000;
/** Uncompressed; a row group is decoded as a whole. */
const GROUP_BYTES_MAX = 1024 ** 3;

/**
 * Streams a record with the columns, then one per row; `line` is the row's number from 1.
 *
 * @throws UsageError if the file is damaged, nested, compressed in a way that is not known, or has too large row groups.
 */
export async function* parquetRecords(path: string): AsyncGenerator<TableRecord, void, void> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetSchema, parquetRead } = await import("hyparquet");
  const file = await asyncBufferFromFile(path);
  const metadata = await orDamaged(path, () => parquetMetadataAsync(file));
  const columns = parquetSchema(metadata).children.map(({ element, children }) => {
    if (children.length === 0) return element.name;
    throw new UsageError(`${path}: column ${element.name} is nested; expected columns of texts and numbers`);
  });
  checkGroups(path, metadata);
  yield { line: 1, fields: columns };
  let row = 0;
  for (const { num_rows } of metadata.row_groups) {
    const range = { rowStart: row, rowEnd: row + Number(num_rows) };
    const rows = await orDamaged(path, () => readRows({ file, metadata, ...range }));
    for (const values of rows) {
      row++;
      yield {
        line: row,
        fields: columns.map((column, index) => cellText(values[index], { path, row, column })),
      };
    }
  }

  async function readRows(range: GroupRange): Promise<readonly (readonly unknown[])[]> {
    let rows: readonly (readonly unknown[])[] = [];
    await parquetRead({ ...range, compressors: COMPRESSORS, onComplete: (complete) => (rows = complete) });
    return rows;
  }
}

interface GroupRange {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly rowStart: number;
  readonly rowEnd: number;
}

const COMPRESSORS: Compressors = {
  GZIP: (input, length) => gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
  ZSTD: (input, length) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
  BROTLI: (input, length) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
};

function checkGroups(path: string, { row_groups }: FileMetaData): void {
  for (const [index, { num_rows, total_byte_size }] of row_groups.entries()) {
    if (num_rows <= GROUP_ROWS_MAX && total_byte_size <= GROUP_BYTES_MAX) continue;
    throw new UsageError(
      `${path}: row group ${index + 1} has ${num_rows} rows and ${total_byte_size} bytes, more than ${GROUP_ROWS_MAX} ` +
        `rows or ${GROUP_BYTES_MAX} bytes; write the file with smaller row groups`,
    );
  }
}

async function orDamaged<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new UsageError(`${path}: cannot be read as Parquet (${(error as Error).message})`, {
      cause: error,
    });
  }
}

interface Cell {
  readonly path: string;
  readonly row: number;
  readonly column: string;
}

function cellText(value: unknown, { path, row, column }: Cell): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  throw new UsageError(`${path}: row ${row}: ${column} is neither text nor a number; times are seconds`);
}
