// What another process of this machine uses, as Linux tells.

import { readFileSync } from "node:fs";

/** Of the kernel's USER_HZ, which every architecture that Node runs on has at 100. */
const MICROS_PER_TICK = 10_000;
/** Behind the process's name, which may contain anything: the 14th and 15th fields of proc(5). */
const USER_TICKS_AT = 11;
const SYSTEM_TICKS_AT = 12;

/** CPU time so far, to a hundredth of a second; undefined where it cannot be known. */
export function processCpuMicros(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[USER_TICKS_AT]) + Number(fields[SYSTEM_TICKS_AT]);
    return Number.isFinite(ticks) ? ticks * MICROS_PER_TICK : undefined;
  } catch {
    // It has ended, or this is no Linux: silence alone decides then.
    return undefined;
  }
}

/** Of its resident memory, pages of files: the program's own above all, which all processes of one program share. */
export function processFileBytes(pid: number): number | undefined {
  try {
    const [, kibibytes] = /^RssFile:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
