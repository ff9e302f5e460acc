// What a search for room asks, and the search as its caller sees it.

import type { NodeLedger } from "./node-ledger.ts";
import type { Resources } from "./resources.ts";

/** What a group of pods takes at least, and at most. */
export interface RoomNeed {
  /** Σ A: taken in any case. */
  readonly request: Resources;
  /** What the model of the node's proxy grows by, before the node's correction: at least. */
  readonly grownMin: Resources;
  /** At most. */
  readonly grownMax: Resources;
  /** Only nodes with a ready proxy. */
  readonly isMesh: boolean;
  /** What one pod takes in the long run: where given, nodes whose lean room the group would take are of no interest. */
  readonly podTakes?: Resources | undefined;
}

/** Which nodes a search is about. */
export interface RoomScope {
  /** Also nodes that have as many pods as their kubelet takes: whoever named them knows better. */
  readonly mayLackSlot: boolean;
}

/** One search, from the tightest nodes on; over when the ledger changes. */
export interface RoomSearch {
  /**
   * Nodes of one kind, by name, that may take the group; undefined when there are no more.
   *
   * @param leftShareMax nodes that would certainly be left with more are of no interest any more: shares of CPU and of
   *   memory, added up. May fall from one call to the next.
   */
  next(leftShareMax: number): readonly NodeLedger[] | undefined;
}
