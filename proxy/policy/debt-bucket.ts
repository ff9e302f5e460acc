// How much an instance may use next of something that is only known after it was used, CPU time or bytes: a token
// bucket that may go into debt, since a turn of the event loop cannot be stopped in its middle. While it is in debt, the
// instance reads nothing. Over any span of t milliseconds it uses at most capacity + holdAt + rate·t + one turn.

export interface DebtBucket {
  /** Left to use; negative in debt. */
  readonly tokens: number;
  readonly filledAtMs: number;
  /** Nothing shall be read for now. */
  readonly isHeld: boolean;
}

export interface DebtLimits {
  readonly perMs: number;
  /** What may be saved while nothing is used. */
  readonly capacity: number;
  /** Debt that is remembered. */
  readonly debtMax: number;
  /** Debt from which on nothing is read. A thread that rests between requests pays smaller debts that way. */
  readonly holdAt: number;
  /** What has to be saved before reading starts again: each start and stop costs a system call per connection. */
  readonly resumeAt: number;
}

export interface Use {
  /** Since the last call. */
  readonly used: number;
  readonly nowMs: number;
}

export function fullBucket({ capacity }: DebtLimits, nowMs: number): DebtBucket {
  return { tokens: capacity, filledAtMs: nowMs, isHeld: false };
}

/** Takes out what was used. The limits may differ from call to call; debt stays debt. */
export function spend(bucket: DebtBucket, limits: DebtLimits, { used, nowMs }: Use): DebtBucket {
  const elapsedMs = Math.max(0, nowMs - bucket.filledAtMs);
  const left = bucket.tokens + limits.perMs * elapsedMs - used;
  const tokens = Math.min(Math.max(left, -limits.debtMax), limits.capacity);
  return {
    tokens,
    filledAtMs: nowMs,
    isHeld: bucket.isHeld ? tokens < limits.resumeAt : tokens <= -limits.holdAt,
  };
}

/** How long until nothing is owed, if nothing is used meanwhile. */
export function debtMs({ tokens }: DebtBucket, { perMs }: DebtLimits): number {
  return Math.max(0, -tokens / perMs);
}

/** How long a held instance has to rest, if it uses nothing meanwhile. */
export function restMs({ tokens, isHeld }: DebtBucket, { perMs, resumeAt }: DebtLimits): number {
  return isHeld ? Math.max(0, (resumeAt - tokens) / perMs) : 0;
}
