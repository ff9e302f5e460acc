// Drives a run to its end: beside the machine's clock, or in lockstep as fast as everyone keeps up.

import type { SchedulerDriver } from "#sim/driver/scheduler-driver.ts";
import type { VirtualClock } from "#runtime/virtual-clock.ts";
import { earliest, type Pacer } from "./pacer.ts";
import type { TraceFeed } from "./trace-feed.ts";

export interface LockstepOptions {
  readonly clock: VirtualClock;
  readonly pacer: Pacer;
  readonly driver: SchedulerDriver;
  readonly feed: TraceFeed;
  readonly isEnded: () => boolean;
}

/** After the last event: deletions take their grace, and the last pods start. */
const AFTERMATH_MS = 120_000;

/** Replays the trace to its end, or until `isEnded`. */
export async function replayInLockstep(options: LockstepOptions): Promise<void> {
  const { clock, pacer, driver, feed, isEnded } = options;
  const endMs = feed.endMs + AFTERMATH_MS;
  while (!isEnded()) {
    await feed.feed();
    const dueMs = await settleAndSchedule(pacer, driver);
    const nextMs = earliest([clock.nextDueMs(), dueMs, feed.nextDueMs]);
    if (nextMs === undefined || nextMs > endMs) return;
    pacer.advanceTo(Math.max(nextMs, clock.nowMs()));
  }
}

/** Lets everything that can happen now happen; returns when a component next has something to do. */
export async function settleAndSchedule(pacer: Pacer, driver: SchedulerDriver): Promise<number | undefined> {
  for (;;) {
    const dueMs = await pacer.settle();
    if (!driver.hasActive) return dueMs;
    await driver.drain();
  }
}
