// What a file the user named holds: Parquet, or text that is plain, gzipped or compressed by zstd. Told by its first
// bytes, so that its name does not matter, and a pipe will do for a file of text. Whatever can be wrong with it becomes a
// UsageError that says what and where.

import { createReadStream } from "node:fs";
import { Readable, pipeline } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { UsageError } from "#runtime/usage-error.ts";

export type FileContent =
  | { readonly kind: "parquet" }
  /** `first` is the first character that is no blank; empty if there is none. */
  | { readonly kind: "text"; readonly first: string; readonly bytes: AsyncIterable<Buffer> };

/**
 * Opens `path`; the bytes are decompressed and have to be read, or the file stays open.
 *
 * @throws what explainFileError makes a UsageError of.
 */
export async function openFile(path: string): Promise<FileContent> {
  const raw = createReadStream(path)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const head = await readHead(raw, (bytes) => bytes.length >= MAGIC_LENGTH);
  if (startsWith(head, PARQUET_MAGIC)) {
    await raw.return?.();
    return { kind: "parquet" };
  }
  const bytes = decompressed(head, joined(head, raw))[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const text = await readHead(bytes, (part) => firstCharacter(part) !== "");
  return { kind: "text", first: firstCharacter(text), bytes: joined(text, bytes) };
}

const PARQUET_MAGIC = Buffer.from("PAR1");
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const MAGIC_LENGTH = 4;

function decompressed(head: Buffer, bytes: AsyncIterable<Buffer>): Readable {
  const source = Readable.from(bytes, { objectMode: false });
  // What is read is destroyed with whatever went wrong before it: the callback has nothing to add.
  const ignore = (): void => {};
  if (startsWith(head, GZIP_MAGIC)) return pipeline(source, createGunzip(), ignore);
  if (startsWith(head, ZSTD_MAGIC)) return pipeline(source, createZstdDecompress(), ignore);
  return source;
}

function startsWith(head: Buffer, magic: Buffer): boolean {
  return head.subarray(0, magic.length).equals(magic);
}

/** As much of the file as `isEnough` wants; a pipe may hand out single bytes. */
async function readHead(bytes: AsyncIterator<Buffer>, isEnough: (head: Buffer) => boolean): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (!isEnough(head)) {
    // More blanks than this in front of the first word are no table.
    if (head.length > BLANK_BYTES_MAX) break;
    const next = await bytes.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

const BLANK_BYTES_MAX = 1024 * 1024;

function firstCharacter(head: Buffer): string {
  const start = head
    .subarray(0, BLANK_BYTES_MAX)
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .trimStart();
  return start.slice(0, 1);
}

async function* joined(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, void> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    // Closes the file when the reader stops early.
    await rest.return?.();
  }
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "may not be read (permission denied)",
  EPERM: "may not be read (permission denied)",
  EISDIR: "is a directory; name a CSV, JSON-lines or Parquet file",
  ENOTDIR: "a part of this path is a file, not a directory",
  Z_BUF_ERROR: "ends in the middle of its compressed data; was it copied completely?",
  Z_DATA_ERROR: "has damaged gzip data; was it copied completely?",
  ENAMETOOLONG: "the name is too long",
};

/** A UsageError for what the file's owner can mend; anything else as it is. */
export function explainFileError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UsageError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const what = code.startsWith("ZSTD_")
    ? "has damaged zstd data; was it copied completely?"
    : (FILE_ERRORS[code] ?? `cannot be read (${error.message})`);
  return new UsageError(`${path}: ${what}`, { cause: error });
}
