// Alibaba's cluster trace of 2018 (github.com/alibaba/clusterdata, cluster-trace-v2018): container_meta.csv has what is
// planned for each container, container_usage.csv what it used; neither has a header. CPU is in hundredths of a core,
// memory in percent of the largest machine, whose size was not published. 0 as a time is before the trace's eight days.

import { UsageError } from "#runtime/usage-error.ts";
import { readTable, type TableRow, type TableShape } from "./table.ts";
import { collectPods, type LoadOptions, PODS_LOADED_MAX } from "./pod-table.ts";
import type { TracePod } from "./trace.ts";

export const ALIBABA_CONTAINERS: TableShape = {
  required: [
    "container_id",
    "machine_id",
    "time_stamp",
    "app_du",
    "status",
    "cpu_request",
    "cpu_limit",
    "mem_size",
  ],
  optional: [],
  isHeaderless: true,
};

const ALIBABA_USAGE: TableShape = {
  required: [
    "container_id",
    "machine_id",
    "time_stamp",
    "cpu_util_percent",
    "mem_util_percent",
    "cpi",
    "mem_gps",
    "mpki",
    "net_in",
    "net_out",
    "disk_io_percent",
  ],
  optional: [],
  isHeaderless: true,
};

export interface AlibabaOptions extends LoadOptions {
  /** What 100 % of memory stands for. */
  readonly largestMachineGib?: number;
  /** container_usage.csv; with it a container requests its peak of use, and those without use what is planned. */
  readonly usagePath?: string;
}

/** An assumption: the largest machines of the same company's contest of the same year (Tianchi) have 288 GiB. */
const LARGEST_MACHINE_GIB = 288;

/**
 * The containers in the order of their first rows; several rows of one container are its states over time.
 *
 * @throws UsageError for an unreadable file, a malformed row, a container without a size, and for more than 5,000,000.
 */
export async function loadAlibaba(path: string, options: AlibabaOptions = {}): Promise<TracePod[]> {
  const { usagePath, largestMachineGib = LARGEST_MACHINE_GIB } = options;
  const containers = await readContainers(path, options);
  const peaks = usagePath === undefined ? undefined : await usagePeaks(usagePath, containers);
  return collectPods(path, podsOf(), options);

  async function* podsOf(): AsyncGenerator<TracePod, void, void> {
    for (const [id, container] of containers) {
      const { app, machine, fromSeconds, lastStatus, lastSeconds, cpuPercent, memoryPercent } = container;
      const peak = peaks?.get(id);
      const used = { cpu: (peak?.cpuPercent ?? 100) / 100, memory: (peak?.memoryPercent ?? 100) / 100 };
      yield {
        id,
        app,
        request: {
          // A hundredth of a core is ten millicores.
          cpuMilli: Math.ceil(cpuPercent * used.cpu * 10),
          memoryBytes: Math.ceil((memoryPercent / 100) * used.memory * largestMachineGib * 1024 ** 3),
        },
        createSeconds: fromSeconds,
        deleteSeconds: lastStatus === "stopped" ? Math.max(lastSeconds, fromSeconds) : undefined,
        node: machine,
      };
    }
  }
}

interface Container {
  readonly app: string;
  readonly machine: string;
  readonly fromSeconds: number;
  lastSeconds: number;
  lastStatus: string;
  cpuPercent: number;
  memoryPercent: number;
}

async function readContainers(path: string, { limit }: LoadOptions): Promise<Map<string, Container>> {
  const containers = new Map<string, Container>();
  for await (const row of readTable(path, ALIBABA_CONTAINERS)) {
    const id = row.text("container_id");
    const seconds = row.number("time_stamp");
    let container = containers.get(id);
    if (container === undefined) {
      if (containers.size === limit) break;
      if (containers.size === PODS_LOADED_MAX) {
        throw new UsageError(`${path}: has more than ${PODS_LOADED_MAX} containers; give a limit`);
      }
      container = {
        app: row.text("app_du"),
        machine: row.text("machine_id"),
        fromSeconds: seconds,
        lastSeconds: seconds,
        lastStatus: "",
        cpuPercent: row.number("cpu_request"),
        memoryPercent: percent(row, "mem_size"),
      };
      containers.set(id, container);
    }
    container.lastStatus = row.text("status");
    container.lastSeconds = seconds;
    // A container that is given more keeps room for it.
    container.cpuPercent = Math.max(container.cpuPercent, row.number("cpu_request"));
    container.memoryPercent = Math.max(container.memoryPercent, percent(row, "mem_size"));
  }
  return containers;
}

function percent(row: TableRow, column: string): number {
  const value = row.number(column);
  if (value > 100) throw row.error(`${column} is ${value}; normalised values are from 0 to 100`);
  return value;
}

interface UsagePeak {
  cpuPercent: number;
  memoryPercent: number;
}

/** The peak of each known container; the rest of the table, which may have billions of rows, is passed over. */
async function usagePeaks(
  path: string,
  containers: ReadonlyMap<string, unknown>,
): Promise<ReadonlyMap<string, UsagePeak>> {
  const peaks = new Map<string, UsagePeak>();
  for await (const row of readTable(path, ALIBABA_USAGE)) {
    const id = row.text("container_id");
    if (!containers.has(id)) continue;
    const cpu = sample(row, "cpu_util_percent");
    const memory = sample(row, "mem_util_percent");
    if (cpu === undefined || memory === undefined) continue;
    const peak = peaks.get(id);
    if (peak === undefined) {
      peaks.set(id, { cpuPercent: cpu, memoryPercent: memory });
      continue;
    }
    peak.cpuPercent = Math.max(peak.cpuPercent, cpu);
    peak.memoryPercent = Math.max(peak.memoryPercent, memory);
  }
  return peaks;
}

/** Undefined for what the publishers marked as invalid, -1 or 101, and for an empty cell. */
function sample(row: TableRow, column: string): number | undefined {
  const text = row.optional(column);
  if (text === "" || INVALID.has(text)) return undefined;
  return row.number(column);
}

const INVALID: ReadonlySet<string> = new Set(["-1", "101", "-1.0", "101.0"]);

/** Whether the first line of a file without a header is one of container_meta. */
export function looksLikeAlibabaContainers(fields: readonly string[]): boolean {
  if (fields.length !== ALIBABA_CONTAINERS.required.length) return false;
  return [2, 5, 6, 7].every((index) => fields[index] !== "" && Number.isFinite(Number(fields[index])));
}

/** Whether the first line of a file without a header is one of container_usage. */
export function looksLikeAlibabaUsage([container = "", machine = "", ...rest]: readonly string[]): boolean {
  return /^c_\d+$/.test(container) && /^m_\d+$/.test(machine) && rest.length === 9;
}
