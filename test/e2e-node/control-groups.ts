// The control groups (version 1 or 2) in which the node's pods run: where they are, what they say, and their end.

import { globSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** All groups of the suite's node lie below it. */
export const GROUP_ROOT = "/berth-node";
const MOUNT = "/sys/fs/cgroup";
const REMOVED_MS_MAX = 10_000;
const POLL_MS = 50;

/** Kubelet wants its root to be there. */
export function makeGroupRoot(): void {
  for (const hierarchy of hierarchies()) mkdirSync(`${hierarchy}${GROUP_ROOT}`, { recursive: true });
}

/** Removes the groups, which has to wait for the last process in them to be gone. */
export async function removeGroups(): Promise<void> {
  const deadlineMs = Date.now() + REMOVED_MS_MAX;
  while (groups().length > 0) {
    for (const group of groups()) {
      try {
        rmdirSync(group);
      } catch (error) {
        if (Date.now() > deadlineMs) throw error;
      }
    }
    await setTimeout(POLL_MS);
  }
}

/** Folders of all groups below the suite's root, the deepest first. */
export function groups(): readonly string[] {
  return hierarchies()
    .flatMap((hierarchy) =>
      globSync([`.${GROUP_ROOT}`, `.${GROUP_ROOT}/**/`], { cwd: hierarchy }).map(
        (group) => `${hierarchy}/${group}`,
      ),
    )
    .toSorted((a, b) => b.length - a.length);
}

function hierarchies(): readonly string[] {
  return globSync(`${MOUNT}/*/cgroup.procs`).map((file) => file.slice(0, -"/cgroup.procs".length));
}

/** Limits and members of one container. */
export interface ContainerGroup {
  /** Microseconds of CPU per period; undefined without a limit. */
  readonly cpuQuotaMicros: number | undefined;
  readonly cpuShares: number;
  readonly memoryLimitBytes: number;
  readonly pids: readonly number[];
}

/** @throws Error if there is no such container. */
export function containerGroup(podUid: string, containerId: string): ContainerGroup {
  const find = (controller: string): string => {
    const [group] = globSync(`${MOUNT}/${controller}${GROUP_ROOT}/kubepods/**/pod${podUid}/${containerId}`);
    if (group === undefined)
      throw new Error(`no ${controller} group of container ${containerId} in pod ${podUid}`);
    return group;
  };
  const [cpu, memory] = [find("cpu"), find("memory")];
  const read = (file: string): string => readFileSync(file, "utf8").trim();
  const quota = Number(read(`${cpu}/cpu.cfs_quota_us`));
  return {
    cpuQuotaMicros: quota < 0 ? undefined : quota,
    cpuShares: Number(read(`${cpu}/cpu.shares`)),
    memoryLimitBytes: Number(read(`${memory}/memory.limit_in_bytes`)),
    pids: read(`${cpu}/cgroup.procs`).split("\n").map(Number),
  };
}
