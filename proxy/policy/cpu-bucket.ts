// How much CPU an instance may use next: a token bucket of CPU time. Tokens flow in at the quota (one millicore is one
// microsecond of CPU per millisecond) and what the thread was measured to use is taken out, after the fact: a turn of
// the event loop cannot be stopped in its middle, so the bucket may go into debt, and the thread rests until it is paid.
// Over any span of t milliseconds the thread uses at most burst + quota·t + one turn.

export interface CpuBucket {
  /** CPU time to spend, in microseconds; negative in debt. */
  readonly tokensMicros: number;
  readonly filledAtMs: number;
  /** The thread shall read nothing for now. */
  readonly isHeld: boolean;
}

export interface CpuUse {
  /** CPU time used since the last call, in microseconds. */
  readonly usedMicros: number;
  readonly nowMs: number;
}

/**
 * What may be saved while idle, as a time at the quota's rate: half of the kernel's own period for CPU limits (100 ms),
 * so that a burst after a pause is no more of a surprise to neighbours than a container's would be.
 */
export const CPU_BURST_MS = 50;
/**
 * Debt that is remembered, as a time at the quota's rate. A turn that used more was an endless loop or a flood of new
 * connections; resting longer for it would outlast its cause, and a raised quota.
 */
export const CPU_DEBT_MS_MAX = 1_000;
/** A held thread starts again with this much saved: each start and stop costs a system call per connection. */
const RESUME_MS = 5;

/** @param cpuMilli the quota. */
export function fullCpuBucket(cpuMilli: number, nowMs: number): CpuBucket {
  return { tokensMicros: cpuMilli * CPU_BURST_MS, filledAtMs: nowMs, isHeld: false };
}

/** Takes out what was used. @param cpuMilli the quota; it may differ from call to call, and debt stays debt. */
export function spendCpu(bucket: CpuBucket, cpuMilli: number, { usedMicros, nowMs }: CpuUse): CpuBucket {
  const elapsedMs = Math.max(0, nowMs - bucket.filledAtMs);
  const leftMicros = bucket.tokensMicros + cpuMilli * elapsedMs - usedMicros;
  const tokensMicros = Math.min(Math.max(leftMicros, -cpuMilli * CPU_DEBT_MS_MAX), cpuMilli * CPU_BURST_MS);
  const isHeld = bucket.isHeld ? tokensMicros < cpuMilli * RESUME_MS : tokensMicros <= 0;
  return { tokensMicros, filledAtMs: nowMs, isHeld };
}

/** How long a held thread has to rest, if it uses nothing meanwhile. */
export function restMs({ tokensMicros, isHeld }: CpuBucket, cpuMilli: number): number {
  return isHeld ? Math.max(0, RESUME_MS - tokensMicros / cpuMilli) : 0;
}
