// Aborts a stream on which nothing has come for too long: a dead peer sends no end.

import type { Cancel, Clock } from "#runtime/clock.ts";

export class StallGuard {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #controller = new AbortController();
  #touchedMs: number;
  #cancel: Cancel;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#touchedMs = clock.nowMs();
    this.#cancel = clock.after(limitMs, () => this.#check());
  }

  /** Aborts when the stream stalls. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isStalled(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Something came. Cheap: the timer looks at the time when it fires, instead of being set anew here. */
  touch(): void {
    this.#touchedMs = this.#clock.nowMs();
  }

  stop(): void {
    this.#cancel();
  }

  #check(): void {
    const quietMs = this.#clock.nowMs() - this.#touchedMs;
    if (quietMs >= this.#limitMs) this.#controller.abort();
    else this.#cancel = this.#clock.after(this.#limitMs - quietMs, () => this.#check());
  }
}
