// The pod table: one pod with its lifetime per row, in any order. The shape in which timed traces come.

import { UsageError } from "#runtime/usage-error.ts";
import { readTable } from "./table.ts";
import type { TableRow, TableShape } from "./table.ts";
import { RecentIds } from "./recent-ids.ts";
import type { TracePod } from "./trace.ts";

/**
 * cpu in cores, mem_gib in GiB, times in seconds from any zero; an empty delete_s: the pod never leaves; node: where
 * the trace's own scheduler had put it; max_per_node: at most that many pods of the app on a node, empty for no limit.
 */
export const POD_TABLE: TableShape = {
  required: ["pod", "app", "cpu", "mem_gib", "create_s", "delete_s"],
  optional: ["node", "max_per_node"],
};

export interface ReadOptions {
  /** A pod id that stands twice is found if at most this many rows lie between; 500,000 by default. */
  readonly duplicateWindow?: number;
}

// About 100 MB of long ids, two windows of them at most; exact detection over the whole of a file needs memory that grows with it.
const DUPLICATE_WINDOW = 500_000;

/**
 * Streams the pods of a pod table, plain or gzipped, in file order; memory stays bounded for a file of any size.
 *
 * @throws UsageError for an unreadable file, a header of another shape, or a malformed row, with its line.
 */
export async function* readPodTable(
  path: string,
  { duplicateWindow = DUPLICATE_WINDOW }: ReadOptions = {},
): AsyncGenerator<TracePod, void, void> {
  const ids = new RecentIds(duplicateWindow);
  for await (const row of readTable(path, POD_TABLE)) {
    const pod = readPod(row);
    if (!ids.add(pod.id)) throw row.error(`pod ${pod.id} stands twice`);
    yield pod;
  }
}

function readPod(row: TableRow): TracePod {
  const createSeconds = row.number("create_s");
  const deleteSeconds = row.optional("delete_s") === "" ? undefined : row.number("delete_s");
  if (deleteSeconds !== undefined && deleteSeconds < createSeconds) {
    throw row.error(`delete_s ${deleteSeconds} lies before create_s ${createSeconds}`);
  }
  const node = row.optional("node");
  return {
    id: row.text("pod"),
    app: row.text("app"),
    request: { cpuMilli: row.cpuMilli("cpu", "up"), memoryBytes: row.memoryBytes("mem_gib", "up") },
    createSeconds,
    deleteSeconds,
    ...(node !== "" && { node }),
    ...(row.optional("max_per_node") !== "" && { maxPerNode: row.count("max_per_node") }),
  };
}

export interface LoadOptions {
  /** Only the first so many rows; the rest of the file is not looked at. */
  readonly limit?: number;
}

// About 1 GB of pods. Larger files are streamed, or replayed in part.
export const PODS_LOADED_MAX = 5_000_000;

/**
 * The pods of a pod table in file order, all in memory. Duplicate ids are found wherever they stand.
 *
 * @throws UsageError as readPodTable does, for a limit below 1, and for more than 5,000,000 pods.
 */
export async function loadPodTrace(path: string, options: LoadOptions = {}): Promise<TracePod[]> {
  return collectPods(path, readPodTable(path, { duplicateWindow: Number.POSITIVE_INFINITY }), options);
}

/** Gathers what a reader of `path` yields, with one copy of each app's name. */
export async function collectPods(
  path: string,
  pods: AsyncIterable<TracePod>,
  { limit }: LoadOptions,
): Promise<TracePod[]> {
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1)) {
    throw new UsageError(`the limit is ${limit}, not a whole number of at least 1`);
  }
  const apps = new Map<string, string>();
  const collected: TracePod[] = [];
  for await (const pod of pods) {
    if (collected.length === PODS_LOADED_MAX) {
      throw new UsageError(`${path}: has more than ${PODS_LOADED_MAX} pods; give a limit`);
    }
    const app = apps.get(pod.app) ?? pod.app;
    if (app === pod.app) apps.set(app, app);
    collected.push({ ...pod, app });
    if (collected.length === limit) break;
  }
  return collected;
}
