// The nodes a decision may choose from: the whole ledger (simulator), or those kube-scheduler named.

import type { AppName, NodeName } from "#model/brand.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";

export interface Candidates {
  ofApp(app: AppName): Iterable<NodeAccount>;
  all(): Iterable<NodeAccount>;
}

export function allCandidates(ledger: LedgerView): Candidates {
  return { ofApp: (app) => ledger.nodesOfApp(app), all: () => ledger.nodes() };
}

/** Names that the ledger does not know are left out. */
export function namedCandidates(ledger: LedgerView, names: ReadonlySet<NodeName>): Candidates {
  return {
    *ofApp(app) {
      for (const node of ledger.nodesOfApp(app)) if (names.has(node.name)) yield node;
    },
    *all() {
      for (const name of names) {
        const node = ledger.node(name);
        if (node !== undefined) yield node;
      }
    },
  };
}
