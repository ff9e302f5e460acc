// Processes as /proc has them.

import { readdirSync, readFileSync } from "node:fs";

export interface ChildProcessEntry {
  readonly pid: number;
  readonly command: string;
}

export function childrenOf(parent: number): readonly ChildProcessEntry[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => entryOf(name, parent) ?? []);
}

function entryOf(name: string, parent: number): ChildProcessEntry | undefined {
  try {
    const [, rest = ""] = readFileSync(`/proc/${name}/stat`, "utf8").split(") ");
    if (Number(rest.split(" ")[1]) !== parent) return undefined;
    const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
    return { pid: Number(name), command };
  } catch {
    // The process ended while the list was read.
    return undefined;
  }
}
