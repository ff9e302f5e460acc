// A clock that moves only when told to: tests, replays and paced processes run on it. A heap, because a long replay
// sets hundreds of thousands of timers.

import type { Cancel, Clock } from "./clock.ts";
import { MinHeap } from "./min-heap.ts";

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  /** Undefined once cancelled. */
  task: (() => void) | undefined;
}

/** Cancelled timers stay in the heap until they are due, or until they are most of so many. */
const CANCELLED_MAX = 1_024;

export class VirtualClock implements Clock {
  #timers = new MinHeap<Timer>(isBefore);
  #nowMs: number;
  #order = 0;
  #cancelled = 0;

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
      if (timer.task === undefined) return;
      timer.task = undefined;
      this.#cancelled++;
      if (this.#cancelled > CANCELLED_MAX && this.#cancelled > this.#timers.size / 2) this.#dropCancelled();
    };
  }

  /** When the next timer is due, or undefined if none is set. */
  nextDueMs(): number | undefined {
    for (let next = this.#timers.peek(); next?.task === undefined; next = this.#timers.peek()) {
      if (next === undefined) return undefined;
      this.#timers.pop();
      this.#cancelled--;
    }
    return this.#timers.peek()?.dueMs;
  }

  /** Moves to `timeMs`, firing the timers on the way in order of time, then of creation. Never moves back. */
  advanceTo(timeMs: number): void {
    for (let dueMs = this.nextDueMs(); dueMs !== undefined && dueMs <= timeMs; dueMs = this.nextDueMs()) {
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      const timer = this.#timers.pop();
      const task = timer?.task;
      // A timer that has fired cannot be cancelled any more.
      if (timer !== undefined) timer.task = undefined;
      task?.();
    }
    this.#nowMs = Math.max(this.#nowMs, timeMs);
  }

  advance(deltaMs: number): void {
    this.advanceTo(this.#nowMs + deltaMs);
  }

  #dropCancelled(): void {
    const all = this.#timers;
    this.#timers = new MinHeap<Timer>(isBefore);
    for (let timer = all.pop(); timer !== undefined; timer = all.pop()) {
      if (timer.task !== undefined) this.#timers.push(timer);
    }
    this.#cancelled = 0;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
