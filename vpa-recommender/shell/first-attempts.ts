// Something that comes before everything else, once: tried a few times while its source is away, and then done without.

import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";

/** One attempt an interval. Longer without readings of now would cost more than the past is worth. */
const ATTEMPTS_MAX = 3;

export class FirstAttempts {
  readonly #act: () => Promise<void>;
  readonly #logger: Logger;
  readonly #what: string;
  #attemptsLeft = ATTEMPTS_MAX;
  #underway: Promise<boolean> | undefined;

  /** @param what it is, for the log. */
  constructor(what: string, act: () => Promise<void>, logger: Logger) {
    this.#what = what;
    this.#act = act;
    this.#logger = logger;
  }

  /** True once it is done, or done without; asked while an attempt is underway, the answer is that one's. */
  isOver(): Promise<boolean> {
    if (this.#attemptsLeft === 0) return this.#underway ?? Promise.resolve(true);
    this.#underway ??= this.#attempt().finally(() => (this.#underway = undefined));
    return this.#underway;
  }

  /** It has to come first once more. */
  begin(): void {
    this.#attemptsLeft = ATTEMPTS_MAX;
  }

  async #attempt(): Promise<boolean> {
    this.#attemptsLeft--;
    try {
      await this.#act();
      this.#attemptsLeft = 0;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const { message } = error;
      const next = this.#attemptsLeft > 0 ? "tried again" : "begins without";
      this.#logger.warn({ what: this.#what, next, error: message }, "history not read");
    }
    return this.#attemptsLeft === 0;
  }
}
