// Waiting on a clock, cut short by an abort.

import type { Clock } from "#runtime/clock.ts";

/** Resolves after `delayMs` of the clock, or at once when the signal aborts; never rejects. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    cancel();
    signal.removeEventListener("abort", end);
    resolve();
  };
  const cancel = clock.after(delayMs, end);
  signal.addEventListener("abort", end);
  return promise;
}
