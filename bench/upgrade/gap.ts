// For how long nobody took a new connection.

import { setTimeout as delay } from "node:timers/promises";

import { post } from "#test/load/http1-load.ts";
import type { LoadTarget } from "#test/load/target.ts";

/** How often it is looked at. */
const PROBE_MS = 5;

/** @returns from the first refusal to the next answer, the longest such time; 0 if somebody always answered. */
export async function longestGapMs(target: LoadTarget, over: AbortSignal): Promise<number> {
  let longestMs = 0;
  let refusedFromMs: number | undefined;
  while (!over.aborted || refusedFromMs !== undefined) {
    const isAnswered = await post(target).then(
      () => true,
      () => false,
    );
    const nowMs = performance.now();
    if (!isAnswered) refusedFromMs ??= nowMs;
    else if (refusedFromMs !== undefined) {
      longestMs = Math.max(longestMs, nowMs - refusedFromMs);
      refusedFromMs = undefined;
    }
    await delay(PROBE_MS);
  }
  return longestMs;
}
