// What would be decided for a pod at this moment, without deciding it: nothing is promised, and no promise ends.

import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { costedDemand } from "#model/fit.ts";
import type { LedgerView } from "#model/ledger.ts";
import { namedCandidates } from "./candidates.ts";
import { DecisionRecord } from "./decision-record.ts";
import type { Explanation } from "./explanation.ts";
import { place } from "./placement.ts";
import { judge, SCORE_MAX } from "./verbs.ts";

/**
 * @param pod one that holds no promise: its own would be counted against it.
 */
export function explainNow(
  ledger: LedgerView,
  { pod, nodes }: { readonly pod: PodView; readonly nodes: Iterable<NodeName> },
  nowMs: number,
): Explanation {
  const record = new DecisionRecord(pod, { ledger, nowMs, fitting: "measured" });
  const demand = costedDemand(pod, ledger);
  const passed: NodeName[] = [];
  for (const name of nodes) {
    const judged = judge(ledger, { pod, name }, demand);
    if (judged.rejection === undefined) passed.push(name);
    record.judged(judged, demand);
  }
  const placement = place(demand, namedCandidates(ledger, passed), { ledger, rankingLength: SCORE_MAX });
  if (placement !== undefined) {
    record.placed({ placement, accountOf: (name) => ledger.node(name) }, demand);
  }
  return record.explanation();
}
