// Someone who looks on while a decision is made, to explain it later. The ledger stays as it is from the first node that
// is judged until the choice: what the decision promises comes after.

import type { NodeName } from "#model/brand.ts";
import type { CostedDemand } from "#model/fit.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import type { Rejection } from "#model/verdict.ts";
import type { Placement } from "./placement.ts";

export interface DecisionWitness {
  judged(node: JudgedNode, demand: CostedDemand): void;
  /** So many nodes more that fit, with so much room to spare that nobody looked closer. */
  surelyFit(nodes: number): void;
  placed(choice: Choice, demand: CostedDemand): void;
}

export interface JudgedNode {
  /** As it counts for the pod; undefined for a node that is not known. */
  readonly account: NodeAccount | undefined;
  readonly rejection: Rejection | undefined;
}

export interface Choice {
  readonly placement: Placement;
  /** The accounts that it was made by. */
  readonly accountOf: (name: NodeName) => NodeAccount | undefined;
}
