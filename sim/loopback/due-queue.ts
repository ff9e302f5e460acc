// Many small delays on one timer: what is due at the same moment runs in one batch.

import type { Cancel, Clock } from "#runtime/clock.ts";
import { MinHeap } from "#runtime/min-heap.ts";

export class DueQueue {
  readonly #clock: Clock;
  #entries = new MinHeap<Entry>(isBefore);
  #order = 0;
  #armedMs = Infinity;
  #cancelTimer: Cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `task` after a delay; tasks with the same due time run in the order they were added. */
  add(delayMs: number, task: () => void): void {
    this.#entries.push({ dueMs: this.#clock.nowMs() + Math.max(0, delayMs), order: this.#order++, task });
    this.#arm();
  }

  /** Forgets everything that has not run. */
  clear(): void {
    this.#entries = new MinHeap<Entry>(isBefore);
    this.#cancelTimer();
    this.#armedMs = Infinity;
  }

  #arm(): void {
    const dueMs = this.#entries.peek()?.dueMs ?? Infinity;
    if (dueMs >= this.#armedMs) return;
    this.#cancelTimer();
    this.#armedMs = dueMs;
    this.#cancelTimer = this.#clock.after(Math.max(0, dueMs - this.#clock.nowMs()), () => this.#run());
  }

  #run(): void {
    this.#armedMs = Infinity;
    const nowMs = this.#clock.nowMs();
    // Tasks added meanwhile wait for the next batch, so that a task which adds itself cannot hold the loop.
    const batch: Entry[] = [];
    for (
      let first = this.#entries.peek();
      first !== undefined && first.dueMs <= nowMs;
      first = this.#entries.peek()
    ) {
      batch.push(first);
      this.#entries.pop();
    }
    for (const { task } of batch) task();
    this.#arm();
  }
}

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly task: () => void;
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
