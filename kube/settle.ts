// Lets sockets and a virtual clock move together in tests, without waiting for real time.

import { setImmediate } from "node:timers/promises";
import type { VirtualClock } from "#runtime/virtual-clock.ts";

/** Gives the event loop turns, and the clock a step with each, until the condition holds. */
export async function settleUntil(
  clock: VirtualClock,
  isSettled: () => boolean,
  stepMs: number = STEP_MS_DEFAULT,
): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    if (isSettled()) return;
    await setImmediate();
    clock.advance(stepMs);
  }
  throw new Error(`not settled after ${TURNS_MAX} turns: ${isSettled.toString()}`);
}

// A loopback round trip takes some ten turns: an answer is in long before a watch counts as stalled.
const STEP_MS_DEFAULT = 20;
// The longest backoff (30 s) takes 1,500 turns.
const TURNS_MAX = 100_000;
