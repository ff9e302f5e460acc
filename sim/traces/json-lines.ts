// The records of JSON lines: one object per line, its keys the columns. A key that is absent or null is an empty cell.

import { StringDecoder } from "node:string_decoder";
import { UsageError } from "#runtime/usage-error.ts";
import type { TableRecord } from "./table-record.ts";

export interface JsonLinesOptions {
  /** The columns of the table; those of the first object if absent. */
  readonly columns?: readonly string[];
}

// As long as a record of CSV may be, for the same reason.
const LINE_LENGTH_MAX = 1024 * 1024;

/**
 * Streams a record with the columns, then one per object; blank lines are skipped.
 *
 * @throws UsageError with the line for anything but an object of texts, numbers and nulls with those columns.
 */
export async function* jsonLines(
  path: string,
  bytes: AsyncIterable<Buffer>,
  options: JsonLinesOptions = {},
): AsyncGenerator<TableRecord, void, void> {
  let columns = options.columns;
  let isHeaderDue = true;
  for await (const { line, text } of linesOf(path, bytes)) {
    const object = parsedObject(path, line, text);
    columns ??= Object.keys(object);
    if (isHeaderDue) yield { line, fields: columns };
    isHeaderDue = false;
    for (const key of Object.keys(object)) {
      if (!columns.includes(key)) {
        throw new UsageError(
          `${path}:${line}:${text.indexOf(JSON.stringify(key)) + 1}: unknown key ${quote(key)}; expected ${columns.join(", ")}`,
        );
      }
    }
    yield { line, fields: columns.map((column) => cellText(object[column], `${path}:${line}: ${column}`)) };
  }
}

interface Line {
  readonly line: number;
  readonly text: string;
}

async function* linesOf(path: string, bytes: AsyncIterable<Buffer>): AsyncGenerator<Line, void, void> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let line = 0;
  for await (const part of bytes) {
    const texts = (rest + decoder.write(part)).split("\n");
    rest = texts.pop() ?? "";
    for (const text of texts) {
      line++;
      if (text.trim() !== "") yield { line, text: withoutMark(text) };
    }
    if (rest.length > LINE_LENGTH_MAX) {
      throw new UsageError(
        `${path}:${line + 1}: is longer than ${LINE_LENGTH_MAX} characters; JSON lines hold one object each`,
      );
    }
  }
  rest += decoder.end();
  if (rest.trim() !== "") yield { line: line + 1, text: withoutMark(rest) };
}

function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

function parsedObject(path: string, line: number, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const [, position] = /at position (\d+)/.exec((error as Error).message) ?? [];
    const column = position === undefined ? "" : `${Number(position) + 1}:`;
    throw new UsageError(`${path}:${line}:${column} is not JSON; expected one object per line`, {
      cause: error,
    });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as never;
  throw new UsageError(`${path}:${line}: is JSON, but no object; expected one object per line`);
}

function cellText(value: unknown, place: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  throw new UsageError(`${place} is ${quote(JSON.stringify(value))}, neither text nor a number`);
}

const QUOTED_LENGTH_MAX = 40;

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED_LENGTH_MAX ? `${text.slice(0, QUOTED_LENGTH_MAX)}…` : text);
}
