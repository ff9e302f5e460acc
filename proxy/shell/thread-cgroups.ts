// A CPU control group for each instance's threads, below the group of this process or one that was given: made when the
// first thread of the instance serves, kept in line with what the instance may use, removed when the instance has gone.
// Whatever fails here is logged and leaves the threads where they are: the instance's own bucket holds without it.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { AppName } from "#model/brand.ts";
import type { Logger } from "#runtime/logger.ts";

import { type CpuGroup, ownCpuGroup } from "../policy/own-cgroup.ts";
import {
  THREADS_FILE,
  type CgroupWrite,
  type ThreadClaim,
  threadCgroupName,
  threadCgroupOwner,
  threadCgroupWrites,
} from "../policy/thread-cgroup.ts";

/** `own`: below the group that this process is in. */
export type ThreadCgroupPlace =
  | { readonly kind: "off" }
  | { readonly kind: "own" }
  | { readonly kind: "at"; readonly directory: string };

/** Hears of each instance's thread, once it serves. */
export interface ThreadWatcher {
  started(app: AppName, nativeThreadId: number): void;
}

/** Each left by one instance of an earlier host; far more than one host leaves. */
const SWEPT_MAX = 4_096;
/** Tried out before anything is promised. */
const PROBE: ThreadClaim = { app: "probe" as AppName, limitMilli: 100, guaranteedMilli: 100 };

/** @returns undefined where it is off or cannot be, which is logged. */
export function openThreadCgroups(place: ThreadCgroupPlace, logger: Logger): ThreadCgroups | undefined {
  if (place.kind === "off") return undefined;
  try {
    const base = place.kind === "own" ? ownGroup() : groupAt(place.directory);
    sweep(base);
    if (base.version === "v2") write(join(base.directory, "cgroup.subtree_control"), "+cpu");
    const probe = join(base.directory, threadCgroupName(PROBE.app, process.pid, 0));
    makeGroup(base, probe);
    try {
      for (const one of threadCgroupWrites(base.version, PROBE)) carryOut(probe, one);
    } finally {
      removed(probe);
    }
    logger.info({ ...base }, "each instance's thread gets a control group of its own");
    return new ThreadCgroups(base, logger);
  } catch (error) {
    logger.warn(
      { place, error: (error as Error).message },
      "no control groups for threads: CPU quotas are held by the instances themselves alone",
    );
    return undefined;
  }
}

interface Group {
  readonly directory: string;
  /** As they were written last. */
  written: string;
  hasFailed: boolean;
}

export class ThreadCgroups implements ThreadWatcher {
  readonly #base: CpuGroup;
  readonly #logger: Logger;
  readonly #groups = new Map<AppName, Group>();
  #serial = 0;

  constructor(base: CpuGroup, logger: Logger) {
    this.#base = base;
    this.#logger = logger;
  }

  /** None of the groups of now has been refused anything. */
  get isComplete(): boolean {
    return this.#groups.values().every(({ hasFailed }) => !hasFailed);
  }

  /** Moves the thread into its app's group. */
  started(app: AppName, nativeThreadId: number): void {
    const group = this.#groups.get(app) ?? this.#newGroup(app);
    try {
      // Somebody else may have removed it while it was empty.
      if (makeGroup(this.#base, group.directory)) Object.assign(group, { written: "", hasFailed: false });
      write(join(group.directory, THREADS_FILE[this.#base.version]), String(nativeThreadId));
    } catch (error) {
      // The thread has ended meanwhile.
      if (codeOf(error) !== "ESRCH") this.#fail(app, group, error);
    }
  }

  /** Called at a steady pace. @param claims of all instances that there are: the groups of others are removed. */
  turn(claims: readonly ThreadClaim[]): void {
    if (this.#groups.size === 0) return;
    const present = new Set<AppName>();
    for (const claim of claims) {
      present.add(claim.app);
      const group = this.#groups.get(claim.app);
      if (group !== undefined && !group.hasFailed) this.#update(group, claim);
    }
    for (const app of this.#groups.keys()) if (!present.has(app)) this.#remove(app);
  }

  /** Removes what is empty by now; the next host sweeps the rest. */
  close(): void {
    for (const app of this.#groups.keys()) this.#remove(app);
  }

  #newGroup(app: AppName): Group {
    this.#serial += 1;
    const directory = join(this.#base.directory, threadCgroupName(app, process.pid, this.#serial));
    const group = { directory, written: "", hasFailed: false };
    this.#groups.set(app, group);
    return group;
  }

  #update(group: Group, claim: ThreadClaim): void {
    const writes = threadCgroupWrites(this.#base.version, claim);
    const text = writes.map(({ value }) => value).join();
    if (text === group.written) return;
    try {
      for (const one of writes) carryOut(group.directory, one);
      group.written = text;
    } catch (error) {
      this.#fail(claim.app, group, error);
    }
  }

  #remove(app: AppName): void {
    const group = this.#groups.get(app);
    if (group !== undefined && removed(group.directory)) this.#groups.delete(app);
  }

  /** Once per group: what was refused now will be refused in a tenth of a second. */
  #fail(app: AppName, group: Group, error: unknown): void {
    if (group.hasFailed) return;
    group.hasFailed = true;
    const { message } = error as Error;
    this.#logger.warn({ app, error: message }, "an instance's thread is not held by its control group");
  }
}

function ownGroup(): CpuGroup {
  const own = ownCpuGroup({
    cgroup: readFileSync("/proc/self/cgroup", "utf8"),
    mountinfo: readFileSync("/proc/self/mountinfo", "utf8"),
  });
  if (own === undefined) throw new Error("the CPU control group of this process is not mounted here");
  return own;
}

function groupAt(directory: string): CpuGroup {
  if (existsSync(join(directory, "cpu.shares"))) return { version: "v1", directory };
  if (existsSync(join(directory, "cgroup.controllers"))) return { version: "v2", directory };
  throw new Error(`${directory} is no CPU control group`);
}

/** What a host left that was killed. The kernel removes no group that has a thread. */
function sweep({ directory }: CpuGroup): void {
  for (const name of readdirSync(directory).slice(0, SWEPT_MAX)) {
    const owner = threadCgroupOwner(name);
    if (owner === undefined) continue;
    // In a container the next host often has the number of the one before.
    if (owner === process.pid || !existsSync(`/proc/${owner}`)) removed(join(directory, name));
  }
}

/** @returns false if it was there already. */
function makeGroup({ version }: CpuGroup, directory: string): boolean {
  try {
    mkdirSync(directory);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
  // Single threads can be moved only within groups that share one domain, the process's.
  if (version === "v2") write(join(directory, "cgroup.type"), "threaded");
  return true;
}

/** @returns whether it is not there any more. */
function removed(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    // With EBUSY a thread of it is still about to end.
    return codeOf(error) === "ENOENT";
  }
}

function carryOut(directory: string, { file, value, otherwise, isOptional }: CgroupWrite): void {
  const path = join(directory, file);
  try {
    write(path, value);
  } catch (error) {
    if (isOptional === true) return;
    if (otherwise === undefined || codeOf(error) !== "EINVAL") throw error;
    write(path, otherwise);
  }
}

/** The kernel takes a value whole or refuses it. A file that is not there is not made. */
function write(path: string, value: string): void {
  writeFileSync(path, value, { flag: "r+" });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
