// How many requests may be sent a second time: a fifth of those that come, and a few at any time. Without a bound, retries
// multiply the load on exactly the destinations that cannot bear it (Finagle's and linkerd's retry budgets).

const SHARE = 0.2;
/** Enough for the start and for quiet services, and the most that is saved up. */
const RESERVE = 10;

export class RetryBudget {
  #balance = RESERVE;

  requested(): void {
    this.#balance = Math.min(RESERVE, this.#balance + SHARE);
  }

  /** Takes one retry if there is one. */
  take(): boolean {
    if (this.#balance < 1) return false;
    this.#balance -= 1;
    return true;
  }
}
