// The replay's clock: it moves only with the trace, and what is due on the way happens in order of time, then of
// creation. A heap, because a long replay sets hundreds of thousands of timers.

import type { Cancel, Clock } from "#runtime/clock.ts";
import { MinHeap } from "./min-heap.ts";

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  /** Undefined once cancelled. */
  task: (() => void) | undefined;
}

export class EventClock implements Clock {
  readonly #timers = new MinHeap<Timer>(
    (a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order),
  );
  #nowMs: number;
  #order = 0;

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): Cancel {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, task };
    this.#timers.push(timer);
    return () => {
      timer.task = undefined;
    };
  }

  /** When the next timer is due, or undefined if none is set. */
  nextDueMs(): number | undefined {
    while (this.#timers.size > 0 && this.#timers.peek()?.task === undefined) this.#timers.pop();
    return this.#timers.peek()?.dueMs;
  }

  /** Moves to `timeMs`, firing the timers on the way; never moves back. */
  advanceTo(timeMs: number): void {
    for (let dueMs = this.nextDueMs(); dueMs !== undefined && dueMs <= timeMs; dueMs = this.nextDueMs()) {
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      this.#timers.pop()?.task?.();
    }
    this.#nowMs = Math.max(this.#nowMs, timeMs);
  }
}
