// Whether a worker is stuck. A worker beats once per turn of its event loop's timer. No beats while it burns CPU is a
// loop that does not end; no beats without CPU is a node that gives it no time, or a blocking call, and gets longer.

export interface WatchdogState {
  readonly beats: number;
  /** CPU time of the worker when it last beat, in microseconds. */
  readonly cpuMicrosAtBeat: number;
  readonly silentMs: number;
}

export interface WatchdogSample {
  readonly beats: number;
  readonly cpuMicros: number;
  /** Time since the sample before, at most twice the sampling interval: if the host itself was stopped, so was the worker. */
  readonly elapsedMs: number;
}

export interface WatchdogLimits {
  /** Silence after which a worker that used CPU for at least half of it counts as stuck. */
  readonly busyMs: number;
  /** Silence after which any worker counts as stuck. */
  readonly silentMs: number;
}

/** Two seconds are far beyond any pause of garbage collection in heaps of this size. */
export const DEFAULT_WATCHDOG_LIMITS: WatchdogLimits = { busyMs: 2_000, silentMs: 15_000 };

export const newWatchdog: WatchdogState = { beats: 0, cpuMicrosAtBeat: 0, silentMs: 0 };

export function observe(state: WatchdogState, sample: WatchdogSample): WatchdogState {
  if (sample.beats !== state.beats) {
    return { beats: sample.beats, cpuMicrosAtBeat: sample.cpuMicros, silentMs: 0 };
  }
  return { ...state, silentMs: state.silentMs + sample.elapsedMs };
}

export function isStalled(state: WatchdogState, cpuMicros: number, limits: WatchdogLimits): boolean {
  if (state.silentMs >= limits.silentMs) return true;
  const busyMs = (cpuMicros - state.cpuMicrosAtBeat) / 1000;
  return state.silentMs >= limits.busyMs && busyMs >= limits.busyMs / 2;
}
