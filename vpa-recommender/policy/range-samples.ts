// What a time-series store answers for a range of time, made fit to learn from: in order, each moment once, and nothing
// that cannot have been measured. What is left out is counted by its fault; it is never mended.

import type { ReadingFault } from "./usage-reading.ts";

export interface TimedValue {
  readonly timeMs: number;
  readonly value: number;
}

/** Faults of single readings, and a moment at which a part of a reading is missing. */
export type HistoryFault = ReadingFault | "missing";

export interface RangeLimits {
  readonly startMs: number;
  readonly endMs: number;
  /** More is no measurement. */
  readonly valueMax: number;
}

/** Samples that may be believed, oldest first; `told` hears of each that is left out. */
export function believedSamples(
  samples: Iterable<TimedValue>,
  { startMs, endMs, valueMax }: RangeLimits,
  told: (fault: HistoryFault) => void,
): readonly TimedValue[] {
  const believed = new Map<number, TimedValue>();
  for (const sample of samples) {
    const { timeMs, value } = sample;
    const fault = faultOf(sample);
    if (fault !== undefined) told(fault);
    // Of two values for one moment neither is known to be right; the first stays.
    else if (believed.has(timeMs)) told("duplicate");
    else believed.set(timeMs, { timeMs, value });
  }
  return [...believed.values()].sort((a, b) => a.timeMs - b.timeMs);

  function faultOf({ timeMs, value }: TimedValue): HistoryFault | undefined {
    // Prometheus writes NaN for what it has no value of, such as a share of nothing.
    if (Number.isNaN(value)) return "missing";
    if (value < 0) return "negative";
    if (value > valueMax) return "absurd";
    if (!(timeMs <= endMs)) return "future";
    return timeMs < startMs ? "late" : undefined;
  }
}
