// Time as an argument: shells take a Clock, so tests and replays decide how fast it runs.

/** Stops a timer that has not fired yet; calling it again does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since the Unix epoch, on this clock. */
  nowMs(): number;
  /** Runs `task` once, `delayMs` of this clock from now. */
  after(delayMs: number, task: () => void): Cancel;
}

/**
 * The machine's clock, optionally running faster.
 *
 * @param speed seconds of this clock per second of the machine; above 0.
 * @param sinceMs when it showed the machine's time. Processes that are given the same agree with each other, however
 *   far apart they start.
 */
export function systemClock(speed = 1, sinceMs = Date.now()): Clock {
  return {
    nowMs: () => sinceMs + (Date.now() - sinceMs) * speed,
    after(delayMs, task) {
      const timer = setTimeout(task, Math.min(Math.max(0, delayMs) / speed, TIMER_MS_MAX));
      return () => clearTimeout(timer);
    },
  };
}

/**
 * The same clock, but one that goes on evenly when the machine's time is set: what is to last two minutes does. It then
 * differs from the machine's time until the process ends.
 *
 * @param elapsedMs never goes back and never jumps.
 */
export function steadyClock(
  clock: Clock,
  speed: number,
  elapsedMs: () => number = () => performance.now(),
): Clock {
  const originMs = clock.nowMs();
  const startedMs = elapsedMs();
  return {
    nowMs: () => originMs + Math.round((elapsedMs() - startedMs) * speed),
    after: (delayMs, task) => clock.after(delayMs, task),
  };
}

// setTimeout fires at once when the delay does not fit into 31 bits.
const TIMER_MS_MAX = 2 ** 31 - 1;
