// The deadline of one request, from its head's arrival to the beginning of its answer. Most have none, and cost nothing.

import type { Cancel } from "#runtime/clock.ts";

import { requestDeadlineMs } from "../../policy/request-deadline.ts";
import type { ClientOptions } from "./client-options.ts";

export class RequestTimer {
  readonly #options: Pick<ClientOptions, "admission" | "clock">;
  readonly #expired: () => void;
  #endsAtMs = 0;
  #cancel: Cancel | undefined;

  constructor(options: Pick<ClientOptions, "admission" | "clock">, expired: () => void) {
    this.#options = options;
    this.#expired = expired;
  }

  /** @param asked what the sender says. */
  start(asked: string | undefined): void {
    const { admission, clock } = this.#options;
    const deadlineMs = requestDeadlineMs(asked, admission.requestMs);
    if (deadlineMs === undefined) return;
    this.#endsAtMs = clock.nowMs() + deadlineMs;
    this.#cancel = clock.after(deadlineMs, this.#expired);
  }

  /** For the next hop; undefined without a deadline. */
  get remainingMs(): number | undefined {
    if (this.#cancel === undefined) return undefined;
    return Math.max(1, Math.ceil(this.#endsAtMs - this.#options.clock.nowMs()));
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
