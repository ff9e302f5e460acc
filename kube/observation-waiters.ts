// Who waits until the local copy has caught up with a version.

interface Waiter {
  readonly resourceVersion: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class ObservationWaiters {
  #waiters: Waiter[] = [];

  /** Resolves with the first `observed` at or past the version; rejects with `abandon`'s error. */
  wait(resourceVersion: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiters.push({ resourceVersion, resolve, reject });
    return promise;
  }

  observed(resourceVersion: number): void {
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter((waiter) => waiter.resourceVersion <= resourceVersion);
    if (due.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.resourceVersion > resourceVersion);
    for (const waiter of due) waiter.resolve();
  }

  abandon(error: Error): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }
}
