// What a process has used so far, by the kernel's count.

import { readFileSync } from "node:fs";

/** Linux tells user space 100 a second, whatever the kernel's own clock does. */
const MS_PER_TICK = 10;

/** User and system time of all threads, in milliseconds. */
export function processCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}
