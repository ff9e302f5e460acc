// Many small delays on one timer: what is due at the same moment runs in one batch.

import type { Cancel, Clock } from "#runtime/clock.ts";

export class DueQueue {
  readonly #clock: Clock;
  // A binary heap: the entry that is due first stands first.
  readonly #heap: Entry[] = [];
  #order = 0;
  #armedMs = Infinity;
  #cancelTimer: Cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `task` after a delay; tasks with the same due time run in the order they were added. */
  add(delayMs: number, task: () => void): void {
    this.#push({ dueMs: this.#clock.nowMs() + Math.max(0, delayMs), order: this.#order++, task });
    this.#arm();
  }

  /** Forgets everything that has not run. */
  clear(): void {
    this.#heap.length = 0;
    this.#cancelTimer();
    this.#armedMs = Infinity;
  }

  #arm(): void {
    const dueMs = this.#heap[0]?.dueMs ?? Infinity;
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
    for (let first = this.#heap[0]; first !== undefined && first.dueMs <= nowMs; first = this.#heap[0]) {
      batch.push(first);
      this.#pop();
    }
    for (const { task } of batch) task();
    this.#arm();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const child = this.#earlierChild(at);
      if (child === undefined || !isBefore(child.entry, last)) break;
      heap[at] = child.entry;
      at = child.at;
    }
    heap[at] = last;
  }

  #earlierChild(at: number): { readonly at: number; readonly entry: Entry } | undefined {
    const left = this.#heap[2 * at + 1];
    const right = this.#heap[2 * at + 2];
    if (left === undefined) return undefined;
    return right !== undefined && isBefore(right, left)
      ? { at: 2 * at + 2, entry: right }
      : { at: 2 * at + 1, entry: left };
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
