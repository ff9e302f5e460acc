// The nodes that placement may choose from where nobody has filtered before: all that kube-scheduler would not reject for
// other reasons than room, each with the pods nominated to it counted.

import type { PodView } from "#model/cluster-view.ts";
import { eligibilityFor } from "#model/eligibility.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { PlacingView } from "#model/placing-view.ts";
import { allCandidates, type Candidates } from "./candidates.ts";
import { accountFor } from "./nominated-room.ts";

/** A pod that the placement controller has to do with. */
export type PlacedPod = PodView & { readonly placing: PlacingView };

export function eligibleCandidates(ledger: LedgerView, pod: PlacedPod): Candidates {
  const isEligible = eligibilityFor(pod.placing.wishes);
  const apart = [...ledger.nominatedNodes()]
    .filter((name) => ledger.nominatedTo(name).length > 0)
    .flatMap((name) => ledger.node(name) ?? []);
  return {
    ...allCandidates(ledger, { mayLackSlot: false }),
    accountOf: (node) => (isEligible(node) ? accountFor(pod, node.name, ledger) : undefined),
    apart,
  };
}
