// Whether a placement joins an instance of the app or, if it does not, why not. Asked at the moment of the choice, when
// the app's nodes are as they were for it.

import type { CostedDemand } from "#model/fit.ts";
import { rejectionOf } from "#model/fit.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { Placement } from "./placement.ts";

export const COLOCATION_OUTCOMES = {
  hit: "its node runs the app already",
  firstOfApp: "no node runs the app",
  noRoom: "no node that runs the app has room",
  limit: "the app may have no more pods on its nodes or in their zones",
  proxyNotReady: "the proxies of the app's nodes are not ready",
  notOffered: "a node of the app had room, but kube-scheduler did not offer it, or the pod may not run there",
} as const;

export type ColocationOutcome = keyof typeof COLOCATION_OUTCOMES;

/** Undefined outside the mesh. Call before the placement is promised. */
export function colocationOf(
  { reason }: Placement,
  demand: CostedDemand,
  ledger: LedgerView,
): ColocationOutcome | undefined {
  const { app } = demand;
  if (app === undefined) return undefined;
  if (reason === "joinsInstance") return "hit";
  let outcome: ColocationOutcome = "firstOfApp";
  for (const node of ledger.nodesOfApp(app)) {
    if (node.stayingPods(app) === 0) continue;
    const missed = missOf(rejectionOf(node, demand));
    // What could have been had counts most, then what more room would have made possible.
    if (ORDER.indexOf(missed) < ORDER.indexOf(outcome)) outcome = missed;
    if (outcome === "notOffered") break;
  }
  return outcome;
}

const ORDER: readonly ColocationOutcome[] = ["notOffered", "noRoom", "limit", "proxyNotReady", "firstOfApp"];

function missOf(rejection: ReturnType<typeof rejectionOf>): ColocationOutcome {
  switch (rejection) {
    case undefined:
      return "notOffered";
    case "appLimitReached":
    case "zoneLimitReached":
      return "limit";
    case "proxyAbsent":
    case "proxyNotReady":
      return "proxyNotReady";
    default:
      return "noRoom";
  }
}
