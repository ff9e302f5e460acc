// CPU time of processes as the kernel counts it, all threads included.

import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;
const USER_TICKS_AT = 11;

/** Of a process and all its descendants so far, in microseconds. */
export function treeCpuMicros(pid: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const other = Number(name);
    if (!Number.isInteger(other)) continue;
    const parent = statOf(other)?.[1];
    if (parent !== undefined) parents.set(other, Number(parent));
  }
  let sum = 0;
  for (const other of parents.keys()) {
    if (other !== pid && !descends(other, pid, parents)) continue;
    const stat = statOf(other);
    const ticks = Number(stat?.[USER_TICKS_AT] ?? 0) + Number(stat?.[USER_TICKS_AT + 1] ?? 0);
    sum += (ticks * 1e6) / TICKS_PER_SECOND;
  }
  return sum;
}

function descends(pid: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean {
  let at = parents.get(pid);
  while (at !== undefined && at !== ancestor) at = parents.get(at);
  return at === ancestor;
}

/** The fields behind the command's name, which may hold blanks: state, parent and so on. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
