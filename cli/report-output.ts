// Where reports go, and what they say about where they come from: files, hashes, the version.

import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { UsageError } from "#runtime/usage-error.ts";
import type { InputFile } from "#sim/report/html/report-document.ts";
import { reportPage } from "#sim/report/html/report-page.ts";
import type { ReportDocument } from "#sim/report/html/report-document.ts";
import { csvText, parquetBytes, type ReportTable } from "#sim/report/report-table.ts";

/** The flags of every command that reports. */
export const reportOptions = {
  html: z
    .string()
    .optional()
    .describe("also write a report for the browser to this file: one file, no network"),
  csv: z.string().optional().describe("also write the figures as CSV files into this folder"),
  parquet: z.string().optional().describe("also write the figures as Parquet files into this folder"),
};

export interface ReportTargets {
  readonly html?: string | undefined;
  readonly csv?: string | undefined;
  readonly parquet?: string | undefined;
}

export function wantsReport({ html, csv, parquet }: ReportTargets): boolean {
  return html !== undefined || csv !== undefined || parquet !== undefined;
}

/**
 * To be asked before the work: a report that cannot be written is known then.
 *
 * @throws UsageError naming the flag.
 */
export function checkReportTargets({ html, csv, parquet }: ReportTargets): void {
  if (html !== undefined) {
    const folder = dirname(html);
    if (!isFolder(folder))
      throw new UsageError(`--html ${html}: there is no folder ${folder} to write it to`);
    if (isFolder(html)) throw new UsageError(`--html ${html}: is a folder; name a file in it`);
  }
  for (const [flag, folder] of [
    ["--csv", csv],
    ["--parquet", parquet],
  ] as const) {
    if (folder !== undefined && existsSync(folder) && !isFolder(folder))
      throw new UsageError(`${flag} ${folder}: is a file; name a folder`);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

export interface Reported {
  readonly document: () => ReportDocument;
  readonly tables: readonly ReportTable[];
}

/**
 * Writes what was asked for, over files that are there.
 *
 * @throws UsageError if a file cannot be written.
 */
export async function writeReports(
  { html, csv, parquet }: ReportTargets,
  { document, tables }: Reported,
): Promise<void> {
  if (html !== undefined) await written(html, reportPage(document()));
  for (const table of tables) {
    if (csv !== undefined) await writtenInto(csv, `${table.name}.csv`, csvText(table));
    if (parquet !== undefined) await writtenInto(parquet, `${table.name}.parquet`, parquetBytes(table));
  }
}

async function writtenInto(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new UsageError(`${folder}: is no folder to write to (${(error as Error).message})`, {
      cause: error,
    });
  }
  await written(join(folder, name), content);
}

async function written(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (error) {
    throw new UsageError(`${path}: cannot be written (${(error as Error).message})`, { cause: error });
  }
}

/** The file's bytes as they are on disk, packed or not. */
export async function inputFile(path: string): Promise<InputFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      hash.update(chunk);
    }
  });
  return { name: basename(path), bytes, sha256: hash.digest("hex") };
}

/** Objects that were read from a cluster, each as JSON. */
export function inputObjects(name: string, objects: Iterable<unknown>): InputFile {
  const hash = createHash("sha256");
  let bytes = 0;
  for (const object of objects) {
    const text = JSON.stringify(object);
    bytes += Buffer.byteLength(text);
    hash.update(text);
  }
  return { name, bytes, sha256: hash.digest("hex") };
}

/** Options as they were given, for the report: without those that only say where it goes. */
export function givenOptions(argv: readonly string[]): readonly string[] {
  const targets = ["--html", "--csv", "--parquet"];
  return argv.flatMap((argument, index) => {
    if (targets.includes(argument) || targets.includes(argv[index - 1] ?? "")) return [];
    if (targets.some((target) => argument.startsWith(`${target}=`))) return [];
    // A path says where a file was on somebody's machine; its name and hash stand in the report.
    return [argument.startsWith("--") ? argument : basename(argument)];
  });
}
