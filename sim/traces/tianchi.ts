// Alibaba's scheduling contest of 2018 (Tianchi): static traces, every pod there from the start and for good.

import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "#runtime/usage-error.ts";
import { readTable } from "./table.ts";
import type { TableRow, TableShape } from "./table.ts";
import { collectPods } from "./pod-table.ts";
import type { LoadOptions } from "./pod-table.ts";
import { RecentIds } from "./recent-ids.ts";
import type { TracePod } from "./trace.ts";

/** Set A: usage per pod, already reduced to maximum and average. */
export const TIANCHI_A_PODS: TableShape = {
  required: [
    "pod",
    "app",
    "cpu_max",
    "cpu_avg",
    "mem_max_gib",
    "mem_avg_gib",
    "max_per_node",
    "initial_node",
  ],
  optional: [],
};

/** Set B: the sizes stand in a table of apps. */
export const TIANCHI_B_PODS: TableShape = { required: ["pod", "app", "initial_node"], optional: [] };

export const TIANCHI_B_APPS: TableShape = {
  required: ["app", "replicas", "max_per_node", "disk_gib", "cpu_curve_98pt_cores", "mem_curve_98pt_gib"],
  optional: [],
};

/** What set B's table of apps is called, beside its table of pods. */
export const TIANCHI_B_APPS_FILE = "tianchiB_apps_curves.csv.gz";

/**
 * The pods of set A. A pod requests its maximum of CPU and of memory, so that its peak fits where it is placed.
 *
 * @throws UsageError for an unreadable file or a malformed row.
 */
export async function loadTianchiA(path: string, options: LoadOptions = {}): Promise<TracePod[]> {
  return collectPods(path, readTianchiA(path), options);
}

/** Streams the same pods. */
export async function* readTianchiA(path: string): AsyncGenerator<TracePod, void, void> {
  const ids = new RecentIds(Number.POSITIVE_INFINITY);
  for await (const row of readTable(path, TIANCHI_A_PODS)) {
    yield staticPod(row, ids, {
      request: { cpuMilli: row.cpuMilli("cpu_max", "up"), memoryBytes: row.memoryBytes("mem_max_gib", "up") },
      ...(row.optional("max_per_node") !== "" && { maxPerNode: row.count("max_per_node") }),
    });
  }
}

export interface TianchiBOptions extends LoadOptions {
  /** The table of apps; by default `tianchiB_apps_curves.csv.gz` beside the table of pods. */
  readonly appsPath?: string;
}

/**
 * The pods of set B. A pod requests the maximum of its app's curve, for CPU and for memory, although the two need not
 * peak together: a request has no time.
 *
 * @throws UsageError for an unreadable or missing file, a malformed row, or a pod whose app is not in the table of apps.
 */
export async function loadTianchiB(path: string, options: TianchiBOptions = {}): Promise<TracePod[]> {
  const apps = await readApps(options.appsPath ?? (await appsBeside(path)));
  return collectPods(path, readTianchiB(path, apps), options);
}

type AppShape = Pick<TracePod, "request" | "maxPerNode">;

async function* readTianchiB(
  path: string,
  apps: ReadonlyMap<string, AppShape>,
): AsyncGenerator<TracePod, void, void> {
  const ids = new RecentIds(Number.POSITIVE_INFINITY);
  for await (const row of readTable(path, TIANCHI_B_PODS)) {
    const shape = apps.get(row.text("app"));
    if (shape === undefined) throw row.error(`app ${row.text("app")} is not in the table of apps`);
    yield staticPod(row, ids, shape);
  }
}

async function appsBeside(path: string): Promise<string> {
  const appsPath = join(dirname(path), TIANCHI_B_APPS_FILE);
  try {
    await access(appsPath);
  } catch (error) {
    throw new UsageError(
      `${path}: its pods have no size here, and ${appsPath} is not there; name the table of apps`,
      { cause: error },
    );
  }
  return appsPath;
}

async function readApps(path: string): Promise<Map<string, AppShape>> {
  const apps = new Map<string, AppShape>();
  for await (const row of readTable(path, TIANCHI_B_APPS)) {
    const app = row.text("app");
    if (apps.has(app)) throw row.error(`app ${app} stands twice`);
    apps.set(app, {
      request: {
        cpuMilli: row.cpuMilliPeak("cpu_curve_98pt_cores"),
        memoryBytes: row.memoryBytesPeak("mem_curve_98pt_gib"),
      },
      ...(row.optional("max_per_node") !== "" && { maxPerNode: row.count("max_per_node") }),
    });
  }
  return apps;
}

function staticPod(row: TableRow, ids: RecentIds, shape: AppShape): TracePod {
  const id = row.text("pod");
  if (!ids.add(id)) throw row.error(`pod ${id} stands twice`);
  const node = row.optional("initial_node");
  return {
    id,
    app: row.text("app"),
    createSeconds: 0,
    deleteSeconds: undefined,
    ...(node !== "" && { node }),
    ...shape,
  };
}
