// A decision written into the ledger: the pod's promise, and the soft hold for the siblings it was chosen with.

import type { CostedDemand } from "#model/fit.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import { addResources } from "#model/resources.ts";
import type { Placement } from "./placement.ts";

export interface PromiseLimits {
  /** How long a promise waits for the pod to be seen bound. */
  readonly reservationMs: number;
  /** How long room is kept for siblings that may come. */
  readonly siblingHoldMs: number;
}

/**
 * A promise must outlive kube-scheduler's binding (its timeout for a bind is 100 s); siblings of a scale-out come
 * within minutes.
 */
export const DEFAULT_PROMISE_LIMITS: PromiseLimits = { reservationMs: 120_000, siblingHoldMs: 300_000 };

export interface Decision {
  readonly pod: CostedDemand;
  readonly placement: Placement;
}

interface PromisedAt {
  readonly nowMs: number;
  readonly limits: PromiseLimits;
}

/** Reserves A + B for the pod on the chosen node and updates the app's soft hold there. */
export function promise(ledger: ClusterLedger, { pod, placement }: Decision, at: PromisedAt): void {
  const { nowMs, limits } = at;
  const { uid, app, request, ownerUid } = pod;
  ledger.reserve({
    pod: { uid, app, request, ownerUid },
    node: placement.node,
    expiresAtMs: nowMs + limits.reservationMs,
  });
  holdForSiblings(ledger, { pod, placement }, at);
}

/** The soft hold alone: all that is left to promise of a pod that is bound at once. */
export function holdForSiblings(
  ledger: ClusterLedger,
  { pod, placement }: Decision,
  { nowMs, limits }: PromisedAt,
): void {
  const { app, request } = pod;
  if (app === undefined) return;
  const held = ledger.node(placement.node)?.holds.get(app);
  if (placement.groupPods > 1) {
    ledger.hold(placement.node, {
      app,
      request: addResources(request, pod.cost.perPod),
      pods: placement.groupPods - 1,
      expiresAtMs: nowMs + limits.siblingHoldMs,
    });
  } else if (held !== undefined) {
    ledger.hold(placement.node, { ...held, pods: held.pods - 1 });
  }
}
