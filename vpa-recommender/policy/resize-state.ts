// One proxy's resizes as a state machine: state and event in, next state out. A size that the node deferred or refused
// is not asked for again until the cooldown ends; a smaller one may be.

import { equalResources, isWithin, type Resources } from "#model/resources.ts";
import { assertNever } from "#model/assert.ts";

export type ResizeState = {
  /** When the proxy began to be larger than its apps call for; undefined while it is not. */
  readonly surplusSinceMs: number | undefined;
  /** What the node's apps call for by the model, and since when: pods that are in flight to the node change it soon. */
  readonly calm: { readonly required: Resources; readonly sinceMs: number } | undefined;
  /** When it last gave back what its apps did not call for. */
  readonly shrunkAtMs: number | undefined;
} & (
  | { readonly kind: "settled" }
  /** Sent, and not yet both answered and seen in the watch. */
  | { readonly kind: "underway"; readonly size: Resources }
  | { readonly kind: "cooling"; readonly size: Resources; readonly untilMs: number }
);

export type ResizeEvent =
  | {
      readonly kind: "sent";
      readonly size: Resources;
      /** If it shrinks. */ readonly shrunkAtMs?: number | undefined;
    }
  | { readonly kind: "accepted" }
  /** Kubelet found room for what it had put off. */
  | { readonly kind: "granted" }
  /** The API server refused it, or kubelet called it Infeasible. */
  | { readonly kind: "refused"; readonly size: Resources; readonly nowMs: number }
  /** Kubelet waits for room; it grants the size by itself when there is some. */
  | { readonly kind: "deferred"; readonly size: Resources; readonly nowMs: number }
  /** What the node's apps call for now by the model alone: no measurement changes it. */
  | { readonly kind: "required"; readonly required: Resources; readonly nowMs: number }
  | { readonly kind: "surplus"; readonly nowMs: number }
  | { readonly kind: "noSurplus" };

export const SETTLED: ResizeState = {
  kind: "settled",
  surplusSinceMs: undefined,
  calm: undefined,
  shrunkAtMs: undefined,
};

/** Kubelet retries a deferred resize every 3 minutes by itself; asking sooner finds the same node. */
export const COOLDOWN_MS = 180_000;

export function nextResizeState(state: ResizeState, event: ResizeEvent): ResizeState {
  const { surplusSinceMs, calm, shrunkAtMs } = state;
  switch (event.kind) {
    case "sent": {
      const { size, shrunkAtMs: atMs = shrunkAtMs } = event;
      return { kind: "underway", size, surplusSinceMs: undefined, calm, shrunkAtMs: atMs };
    }
    case "accepted":
      // Kubelet may have put it off before the API server's answer arrived.
      return state.kind === "underway" ? { kind: "settled", surplusSinceMs, calm, shrunkAtMs } : state;
    case "granted":
      return state.kind === "cooling" ? { kind: "settled", surplusSinceMs, calm, shrunkAtMs } : state;
    case "refused":
    case "deferred": {
      const { size, nowMs } = event;
      return { kind: "cooling", size, untilMs: nowMs + COOLDOWN_MS, surplusSinceMs, calm, shrunkAtMs };
    }
    case "required": {
      const isSame = calm !== undefined && equalResources(calm.required, event.required);
      return isSame ? state : { ...state, calm: { required: event.required, sinceMs: event.nowMs } };
    }
    case "surplus":
      return surplusSinceMs === undefined ? { ...state, surplusSinceMs: event.nowMs } : state;
    case "noSurplus":
      return surplusSinceMs === undefined ? state : { ...state, surplusSinceMs: undefined };
    default:
      return assertNever(event);
  }
}

/** Until when a size must wait, or undefined if it need not: only sizes at or above the one that failed do. */
export function coolingUntilMs(state: ResizeState, size: Resources, nowMs: number): number | undefined {
  if (state.kind !== "cooling" || nowMs >= state.untilMs || !isWithin(state.size, size)) return undefined;
  return state.untilMs;
}
