// The CPU control group of one instance's threads: what is written into which of its files, and its name.
//   weight = what the app is guaranteed, so that instances share a contended node in that proportion
//   cap    = 1.1 × what the instance may use at present, with what its own bucket lets it save (read-limits.ts)
// The bucket paces and the cap is the wall behind it, for code that the thread's own loop cannot interrupt. Over any t
// milliseconds the bucket lets pass rate·(t + 70) and a turn; over the periods which that touches, the group has at least
// as much. So it stops nobody whom the bucket holds, but for the end of a turn that overran. A cap at the rate itself
// would cut each small burst that the bucket grants, and hold whoever uses its quota in full up to the period's end.
// Files: https://docs.kernel.org/scheduler/sched-bwc.html and https://docs.kernel.org/admin-guide/cgroup-v2.html

import type { AppName } from "#model/brand.ts";

import { cpuLimits } from "./read-limits.ts";

export type CgroupVersion = "v1" | "v2";

export interface ThreadClaim {
  readonly app: AppName;
  /** What its bucket holds it to at present; undefined without a limit. */
  readonly limitMilli: number | undefined;
  /** Undefined where nothing is shared. */
  readonly guaranteedMilli: number | undefined;
}

export interface CgroupWrite {
  readonly file: string;
  readonly value: string;
  /** Written instead where the kernel finds the value invalid. */
  readonly otherwise?: string;
  /** What holds without it is only less fine; older kernels do not know the file. */
  readonly isOptional?: true;
}

/** The kernel's own. Shorter ones stop a thread more often; it may hold a lock of the process while it is stopped. */
const PERIOD_MS = 100;
const PERIOD_MICROS = PERIOD_MS * 1000;
/** Above 100, so that saved time comes back while the whole quota is used; little, for it is what a loop gets too. */
const CAP_PERCENT = 110;
/**
 * No instance is capped below a twentieth of a core, though its bucket holds it to less: a collection of garbage that
 * takes 0.7 s of CPU then still ends before the watchdog's 15 s of silence are over.
 */
const CAP_MILLI_MIN = 50;
/** An instance is one thread, and two for the moment of a replacement: a limit above that limits nothing. */
const CAP_MILLI_MAX = 2_000;
/** What an app counts as that is guaranteed nothing: as much as sidecars commonly request. */
const GUARANTEED_MILLI_DEFAULT = 100;

/** In the order in which they have to be written: what is saved must never be more than the quota. */
export function threadCgroupWrites(version: CgroupVersion, claim: ThreadClaim): readonly CgroupWrite[] {
  const { quotaMicros, burstMicros } = cap(claim.limitMilli);
  const guaranteedMilli = claim.guaranteedMilli ?? GUARANTEED_MILLI_DEFAULT;
  if (version === "v1") {
    const burst = "cpu.cfs_burst_us";
    return [
      { file: "cpu.shares", value: String(shares(guaranteedMilli)) },
      { file: burst, value: "0", isOptional: true },
      { file: "cpu.cfs_period_us", value: String(PERIOD_MICROS) },
      // Version 1 refuses a child more than its parent has; the parent's own cap holds then.
      { file: "cpu.cfs_quota_us", value: String(quotaMicros ?? -1), otherwise: "-1" },
      { file: burst, value: String(burstMicros), isOptional: true },
    ];
  }
  const burst = "cpu.max.burst";
  return [
    { file: "cpu.weight", value: String(weight(guaranteedMilli)) },
    { file: burst, value: "0", isOptional: true },
    { file: "cpu.max", value: `${quotaMicros ?? "max"} ${PERIOD_MICROS}` },
    { file: burst, value: String(burstMicros), isOptional: true },
  ];
}

/** Where the ids of the threads are written. */
export const THREADS_FILE: Readonly<Record<CgroupVersion, string>> = { v1: "tasks", v2: "cgroup.threads" };

/** Of a file name's 255 bytes; the name is for people who look, the number tells apart. */
const APP_CHARACTERS_MAX = 128;

/** @param serial different for each group of the process. */
export function threadCgroupName(app: AppName, pid: number, serial: number): string {
  const readable = app.replaceAll(/[^a-z0-9-]/gi, "_").slice(0, APP_CHARACTERS_MAX);
  return `berth-thread-${pid}-${serial}-${readable}`;
}

/** Of the process that made the group; undefined for a group that is not ours. */
export function threadCgroupOwner(name: string): number | undefined {
  const [, pid] = /^berth-thread-(\d{1,10})-\d{1,10}-/.exec(name) ?? [];
  return pid === undefined ? undefined : Number(pid);
}

function cap(limitMilli: number | undefined): {
  readonly quotaMicros: number | undefined;
  readonly burstMicros: number;
} {
  if (limitMilli === undefined || limitMilli > CAP_MILLI_MAX)
    return { quotaMicros: undefined, burstMicros: 0 };
  const cpuMilli = Math.max(CAP_MILLI_MIN, Math.ceil(limitMilli));
  const { perMs, capacity, holdAt } = cpuLimits(cpuMilli);
  const bucketMicros = capacity + holdAt + perMs * PERIOD_MS;
  const quotaMicros = Math.ceil((perMs * PERIOD_MS * CAP_PERCENT) / 100);
  return { quotaMicros, burstMicros: Math.max(0, bucketMicros - quotaMicros) };
}

/** As kubelet does it: a whole core is 1024, which is also what a thread in no group has. */
function shares(guaranteedMilli: number): number {
  return clamp(Math.round((guaranteedMilli * 1024) / 1000), 2, 262_144);
}

/** A whole core is 100, which is also what a thread in no group has. */
function weight(guaranteedMilli: number): number {
  return clamp(Math.ceil(guaranteedMilli / 10), 1, 10_000);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
