// When a draining port asks connections and streams to go that would last for ever: WebSockets, and calls of gRPC that
// stream. No proxy can hand them to the next one, and whoever is told can begin anew there at once. They are given half
// of the drain timeout to end by themselves, and are then told one after the other, so that their clients do not all come
// back in the same moment; all at once where the next proxy comes only when this one has gone. Who is in the middle of something is waited for, until there is just time enough to say it.

/** Of the drain timeout: when the first is told, and when all have been. */
const FIRST_AT = 0.5;
const LAST_AT = 0.8;
/** What is left is for both sides to say goodbye. */
const LAST_CALL_AT = 0.9;

export interface Farewell {
  /** How many of those that last may have been told by now: 0 to 1. */
  readonly share: number;
  /** Whoever is still there is told now, in the middle of whatever it does. */
  readonly isLastCall: boolean;
}

/**
 * `aside`: another listens already, and nobody is waited for. `alone`: nobody listens until this process has gone, and
 * what lasts keeps it.
 */
export type Drain = "aside" | "alone";

export interface DrainProgress {
  readonly drain: Drain;
  /** Whoever is told could come back here. */
  readonly isListening: boolean;
  /** Since the port began to drain. */
  readonly elapsedMs: number;
  readonly timeoutMs: number;
}

export function farewell({ drain, isListening, elapsedMs, timeoutMs }: DrainProgress): Farewell {
  const passed = timeoutMs > 0 ? elapsedMs / timeoutMs : 1;
  const isLastCall = passed >= LAST_CALL_AT;
  if (isListening && !isLastCall) return { share: 0, isLastCall };
  if (drain === "alone") return { share: 1, isLastCall };
  const share = Math.min(1, Math.max(0, (passed - FIRST_AT) / (LAST_AT - FIRST_AT)));
  return { share, isLastCall };
}

/** @returns how many more are to be told, of those who have not been. */
export function dueFarewells({ share }: Farewell, { told, untold }: Lasting): number {
  return Math.min(untold, Math.max(0, Math.ceil(share * (told + untold)) - told));
}

export interface Lasting {
  readonly told: number;
  readonly untold: number;
}
