// The nodes a decision may choose from: the whole ledger (simulator), or those kube-scheduler named.

import type { AppName, NodeName } from "#model/brand.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import type { RoomNeed, RoomScope } from "#model/room-need.ts";

export interface Candidates {
  /** Nodes that may take so much, those first that may be left with the least; some of them may not be candidates. */
  all(need: RoomNeed): CandidateSearch;
  /** Likewise of those that the app already runs on, and will go on running on. */
  ofApp(app: AppName, need: RoomNeed): CandidateSearch;
  /** The node's account as it counts for the pod; undefined if the node is not among the candidates. */
  accountOf(node: NodeAccount): NodeAccount | undefined;
  /** Candidates of which less is left than `all` and `ofApp` believe. */
  readonly apart: readonly NodeAccount[];
}

/** As a RoomSearch: of nodes that are equal for a pod whose app is not on them, by name; undefined at the end. */
export interface CandidateSearch {
  next(leftShareMax: number): readonly NodeAccount[] | undefined;
}

/** Up to here it costs less to ask each of the named nodes than to look for them among all. */
const NAMES_ASKED_MAX = 32;

/** @param scope whether nodes are among them that have as many pods as their kubelet takes. */
export function allCandidates(ledger: LedgerView, scope: RoomScope = { mayLackSlot: true }): Candidates {
  return {
    all: (need) => ledger.rooms(need, scope),
    ofApp: (app, need) => ledger.roomsOfApp(app, need, scope),
    accountOf: (node) => node,
    apart: [],
  };
}

/** Names that the ledger does not know are left out. */
export function namedCandidates(ledger: LedgerView, names: readonly NodeName[]): Candidates {
  const named = new NamedNodes(names);
  const candidates = {
    ...allCandidates(ledger),
    accountOf: (node: NodeAccount) => (named.has(node.name) ? node : undefined),
  };
  return names.length > NAMES_ASKED_MAX ? candidates : { ...candidates, all: () => oneByOne(ledger, names) };
}

/** A decision mostly asks about a few of the named nodes: to put thousands of names into a set takes longer than that. */
const SEARCHES_MAX = 8;

class NamedNodes {
  readonly #names: readonly NodeName[];
  #set: ReadonlySet<NodeName> | undefined;
  #searches = 0;

  constructor(names: readonly NodeName[]) {
    this.#names = names;
  }

  has(name: NodeName): boolean {
    if (this.#set === undefined && this.#searches < SEARCHES_MAX) {
      this.#searches++;
      return this.#names.includes(name);
    }
    this.#set ??= new Set(this.#names);
    return this.#set.has(name);
  }
}

function oneByOne(ledger: LedgerView, names: readonly NodeName[]): CandidateSearch {
  const nodes = names.flatMap((name) => ledger.node(name) ?? []);
  return inOrder(nodes.map((node) => [node]));
}

/** Gives all of them, however much would be left. */
export function inOrder(kinds: readonly (readonly NodeAccount[])[]): CandidateSearch {
  let index = 0;
  return { next: () => kinds[index++] };
}
