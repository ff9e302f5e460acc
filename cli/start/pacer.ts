// Lockstep for `--speed max`: time moves on only when every watcher has seen everything and nobody has work left.

import type { SchedulerDriver } from "#sim/driver/scheduler-driver.ts";
import type { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import type { VirtualClock } from "#runtime/virtual-clock.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { ManagedProcess } from "./managed-process.ts";

export interface PacerOptions {
  readonly api: LoopbackApi;
  readonly clock: VirtualClock;
  readonly driver: SchedulerDriver;
  /** Paced processes. */
  readonly processes: readonly ManagedProcess[];
}

/** Rounds of action and reaction at one instant; more is a loop between components. */
const ROUNDS_MAX = 1_000;
/** A watch that was down gets the version it waits for from the next bookmark. */
const BOOKMARK_INTERVAL_MS = 100;

export class Pacer {
  readonly #options: PacerOptions;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  /**
   * Resolves when nothing more happens at the present time, with the earliest time at which a process has something to
   * do by itself.
   *
   * @throws OperationError PacingEndless if components keep reacting to each other.
   */
  async settle(): Promise<number | undefined> {
    const { api, clock, driver, processes } = this.#options;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      await Promise.all(processes.map((process) => process.whenReady()));
      // What is due at once happens first: the kubelet works at the present time.
      clock.advanceTo(clock.nowMs());
      const { resourceVersion } = api.store;
      api.bookmarkWatchers();
      const bookmarks = setInterval(() => api.bookmarkWatchers(), BOOKMARK_INTERVAL_MS);
      try {
        const settled = await Promise.all([
          ...processes.map((process) => process.settle(resourceVersion)),
          driver.whenObserved(resourceVersion),
        ]);
        const answers = settled.slice(0, processes.length);
        const isComplete = answers.every((answer) => answer !== undefined);
        if (isComplete && api.store.resourceVersion === resourceVersion) {
          return earliest(answers.map((answer) => answer?.nextDueMs));
        }
      } finally {
        clearInterval(bookmarks);
      }
    }
    throw new OperationError(
      "PacingEndless",
      `components still react to each other after ${ROUNDS_MAX} rounds`,
    );
  }

  /** Moves everyone's time on. */
  advanceTo(timeMs: number): void {
    this.#options.clock.advanceTo(timeMs);
    for (const process of this.#options.processes) process.send({ kind: "advance", nowMs: timeMs });
  }
}

export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
