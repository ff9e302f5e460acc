// The quotas that are held by reading later instead of refusing, as limits of a debt bucket.

import type { DebtLimits } from "./debt-bucket.ts";

/**
 * CPU that may be saved, as a time at the quota's rate: half of the kernel's own period for CPU limits (100 ms), so that
 * a burst after a pause is no more of a surprise to neighbours than a container's would be.
 */
const CPU_BURST_MS = 50;
/**
 * Debt that is remembered, as a time at the quota's rate. A turn that used more was an endless loop or a flood of new
 * connections; resting longer for it would outlast its cause, and a raised quota.
 */
const CPU_DEBT_MS_MAX = 1_000;
const CPU_RESUME_MS = 5;
/** Twice what a thread owes between two rests of its own at a tenth of a core, so that these come first. */
const CPU_HOLD_MS = 20;

/** In microseconds: one millicore is one microsecond of CPU per millisecond. */
export function cpuLimits(cpuMilli: number): DebtLimits {
  return {
    perMs: cpuMilli,
    capacity: cpuMilli * CPU_BURST_MS,
    debtMax: cpuMilli * CPU_DEBT_MS_MAX,
    holdAt: cpuMilli * CPU_HOLD_MS,
    resumeAt: cpuMilli * CPU_RESUME_MS,
  };
}

const BANDWIDTH_BURST_MS = 100;
/** A request and its answer of ordinary size pass at once, however small the bandwidth. */
const BURST_BYTES_MIN = 64 * 1024;
/** One turn may read two megabytes from each connection before it is looked at; they are all paid for. */
const BANDWIDTH_DEBT_MS_MAX = 10_000;
const BANDWIDTH_RESUME_MS = 10;

export function bandwidthLimits(bytesPerSecond: number): DebtLimits {
  const perMs = bytesPerSecond / 1000;
  return {
    perMs,
    capacity: Math.max(BURST_BYTES_MIN, perMs * BANDWIDTH_BURST_MS),
    debtMax: perMs * BANDWIDTH_DEBT_MS_MAX,
    holdAt: 0,
    resumeAt: perMs * BANDWIDTH_RESUME_MS,
  };
}
