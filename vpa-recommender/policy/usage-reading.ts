// One reading of a node proxy's usage, and whether it may be believed. A reading that is late, repeated or impossible is
// counted and left out: one wrong value in a histogram stays there for days.

import type { Resources } from "#model/resources.ts";

export interface UsageReading {
  readonly used: Resources;
  readonly timeMs: number;
}

export type ReadingFault = "negative" | "absurd" | "duplicate" | "late" | "future";

/** Of what a node has: usage is counted over an interval and may run a little over. */
const OVER_CAPACITY_MAX = 1.25;
/** Clocks of nodes differ. */
const AHEAD_MS_MAX = 60_000;
/** Metrics-server answers with readings up to a minute and a half old; much older ones are from before a gap. */
const AGE_MS_MAX = 5 * 60_000;

export interface ReadingContext {
  readonly nowMs: number;
  /** When the last reading that was believed was taken. */
  readonly lastMs: number | undefined;
  readonly allocatable: Resources;
}

/** Why a reading is left out, or undefined if it is believed. */
export function readingFault(
  { used, timeMs }: UsageReading,
  { nowMs, lastMs, allocatable }: ReadingContext,
): ReadingFault | undefined {
  const { cpuMilli, memoryBytes } = used;
  if (!(cpuMilli >= 0 && memoryBytes >= 0)) return "negative";
  if (cpuMilli > OVER_CAPACITY_MAX * allocatable.cpuMilli) return "absurd";
  if (memoryBytes > OVER_CAPACITY_MAX * allocatable.memoryBytes) return "absurd";
  if (timeMs > nowMs + AHEAD_MS_MAX) return "future";
  if (timeMs < nowMs - AGE_MS_MAX) return "late";
  if (lastMs === undefined || timeMs > lastMs) return undefined;
  return timeMs === lastMs ? "duplicate" : "late";
}
