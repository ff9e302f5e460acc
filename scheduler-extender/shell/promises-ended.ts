// What a leader waits for before it gives the Lease back: the bindings of the pods it has just answered for. The next
// leader knows bound pods from its watch; a promise it would not know.

import type { ClusterLedger } from "#model/ledger.ts";
import type { Clock } from "#runtime/clock.ts";

/** A binding takes milliseconds; what takes longer may also never come. Well below kubelet's grace of 30 s. */
const WAIT_MS_MAX = 3_000;
const LOOK_MS = 50;

/** Resolves once the ledger holds no promise, or after three seconds. */
export async function promisesEnded(
  ledger: Pick<ClusterLedger, "reservationCount">,
  clock: Clock,
): Promise<void> {
  const deadlineMs = clock.nowMs() + WAIT_MS_MAX;
  while (ledger.reservationCount > 0 && clock.nowMs() < deadlineMs) {
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
}
