// All nodes as candidates one by one, in no order and without an index: what any search has to agree with.

import type { AppName } from "#model/brand.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import { type Candidates, type CandidateSearch, inOrder } from "#scheduler-extender/policy/candidates.ts";

/** @param like whose accounts count, and which nodes are candidates. */
export function everyCandidate(
  nodes: Iterable<NodeAccount>,
  like: Pick<Candidates, "accountOf"> = { accountOf: (node) => node },
): Candidates {
  const all = [...nodes];
  const alone = (isIn: (node: NodeAccount) => boolean): CandidateSearch =>
    inOrder(all.filter(isIn).map((node) => [node]));
  const isHost = (node: NodeAccount, app: AppName): boolean =>
    node.appPods.has(app) && (like.accountOf(node)?.stayingPods(app) ?? 0) > 0;
  return {
    all: () => alone(() => true),
    ofApp: (app) => alone((node) => isHost(node, app)),
    accountOf: like.accountOf,
    apart: [],
  };
}
