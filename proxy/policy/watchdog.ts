// Whether a worker is stuck. A worker makes progress with every turn of its event loop's timer and every request. None
// while it burns CPU is a loop that does not end; none without CPU is a node that gives it no time, or a blocking call,
// and gets longer. A garbage collection burns CPU too, but answers no question meanwhile: a loop does, so that a thread
// that answers is given much less time.

export interface WatchdogState {
  readonly progress: number;
  /** CPU time of the worker when it last made progress, in microseconds. */
  readonly cpuMicrosAtProgress: number;
  readonly silentMs: number;
}

export interface WatchdogSample {
  /** Any number that changes with every step forward. */
  readonly progress: number;
  readonly cpuMicros: number;
  /** Time since the sample before, at most twice the sampling interval: if the host itself was stopped, so was the worker. */
  readonly elapsedMs: number;
}

export interface WatchdogLimits {
  /** Silence after which a worker is asked for a sign of life; longer than a heartbeat. */
  readonly suspectMs: number;
  /** Silence after which a worker that answers, but used CPU for at least half of it, counts as stuck. */
  readonly spinMs: number;
  /** Silence after which a worker that used CPU for at least half of it counts as stuck, answer or not. */
  readonly busyMs: number;
  /** Silence after which any worker counts as stuck. */
  readonly silentMs: number;
}

/**
 * A heartbeat comes every 100 ms, and no turn of a proxy's loop takes as long, requests being progress themselves. Two
 * seconds are far beyond any pause of garbage collection in heaps of this size.
 */
export const DEFAULT_WATCHDOG_LIMITS: WatchdogLimits = {
  suspectMs: 125,
  spinMs: 175,
  busyMs: 2_000,
  silentMs: 15_000,
};

export const newWatchdog: WatchdogState = { progress: 0, cpuMicrosAtProgress: 0, silentMs: 0 };

export function observe(state: WatchdogState, sample: WatchdogSample): WatchdogState {
  if (sample.progress !== state.progress) {
    return { progress: sample.progress, cpuMicrosAtProgress: sample.cpuMicros, silentMs: 0 };
  }
  return { ...state, silentMs: state.silentMs + sample.elapsedMs };
}

/** For a worker that may be collecting garbage. */
export function isStalled(state: WatchdogState, cpuMicros: number, limits: WatchdogLimits): boolean {
  if (state.silentMs >= limits.silentMs) return true;
  return isBusyFor(state, cpuMicros, limits.busyMs);
}

/** For a worker that has answered since its last progress, and so is not collecting garbage. */
export function isSpinning(state: WatchdogState, cpuMicros: number, limits: WatchdogLimits): boolean {
  return isBusyFor(state, cpuMicros, limits.spinMs);
}

function isBusyFor(state: WatchdogState, cpuMicros: number, ms: number): boolean {
  const busyMs = (cpuMicros - state.cpuMicrosAtProgress) / 1000;
  return state.silentMs >= ms && busyMs >= ms / 2;
}
