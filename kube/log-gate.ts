// Lets one line of a kind through per interval, and counts what it holds back.

import type { Clock } from "#runtime/clock.ts";

export class LogGate {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #openMs = Number.NEGATIVE_INFINITY;
  #suppressed = 0;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** Calls `write` with the number of lines held back since the last one, or holds this one back. */
  pass(write: (suppressed: number) => void): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#openMs) {
      this.#suppressed += 1;
      return;
    }
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#openMs = nowMs + this.#intervalMs;
    write(suppressed);
  }
}
