// Puts a decision down as an explanation while it is made.

import type { PodView } from "#model/cluster-view.ts";
import type { CostedDemand } from "#model/fit.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import type { Choice, DecisionWitness, JudgedNode } from "./decision-witness.ts";
import type { Candidate, Explanation, Winner } from "./explanation.ts";
import { FigureReader, keptFigures, type NodeFigures } from "./node-figures.ts";
import { type RankedNode, tieBreak } from "./node-ranking.ts";
import { rankedNodes } from "./placement.ts";
import { scoresOf } from "./verbs.ts";
import { VerdictGroups } from "./verdict-groups.ts";

export interface DecisionRecordOptions {
  readonly ledger: LedgerView;
  readonly nowMs: number;
  /**
   * What is put down of nodes that fit: their number only, or their figures, too. While kube-scheduler waits, a
   * millisecond for 5,000 nodes is too much for figures that only tell that there is room.
   */
  readonly fitting: "counted" | "measured";
  /** Who else is told of the choice. */
  readonly alsoTold?: Pick<DecisionWitness, "placed"> | undefined;
}

export class DecisionRecord implements DecisionWitness {
  readonly #pod: PodView;
  readonly #ledger: LedgerView;
  readonly #atMs: number;
  readonly #fitting: DecisionRecordOptions["fitting"];
  readonly #groups = new VerdictGroups();
  readonly #alsoTold: DecisionRecordOptions["alsoTold"];
  #reader: FigureReader | undefined;
  #winner: Winner | undefined;

  constructor(pod: PodView, { ledger, nowMs, fitting, alsoTold }: DecisionRecordOptions) {
    this.#alsoTold = alsoTold;
    this.#fitting = fitting;
    this.#pod = pod;
    this.#ledger = ledger;
    this.#atMs = nowMs;
  }

  judged({ account, rejection }: JudgedNode, demand: CostedDemand): void {
    const isCounted = account === undefined || (rejection === undefined && this.#fitting === "counted");
    const figures = isCounted ? undefined : this.#figuresOf(account, demand);
    this.#groups.add(rejection ?? "fits", account, figures);
  }

  surelyFit(nodes: number): void {
    if (nodes > 0) this.#groups.addFitting(nodes);
  }

  placed(choice: Choice, demand: CostedDemand): void {
    this.#alsoTold?.placed(choice, demand);
    const { placement, accountOf } = choice;
    const { node, reason, groupPods } = placement;
    // The ledger may have changed since the nodes were judged: kube-scheduler asks again to have them ranked.
    this.#reader = undefined;
    const ranked = rankedNodes(placement, demand, { ledger: this.#ledger, accountOf });
    const [first, second] = ranked;
    if (first === undefined) return;
    const scores = new Map(scoresOf(placement.ranking).map(({ node: name, score }) => [name, score]));
    const candidates = ranked.flatMap((candidate) => {
      const account = accountOf(candidate.name);
      const score = scores.get(candidate.name) ?? 0;
      return account === undefined
        ? []
        : [candidateOf(candidate, score, keptFigures(this.#figuresOf(account, demand)))];
    });
    this.#winner = { node, reason, groupPods, decidedBy: tieBreak(first, second), candidates };
    this.finish();
  }

  /** Lets go of what was needed only to read: a record is kept long. */
  finish(): void {
    this.#reader = undefined;
  }

  explanation(): Explanation {
    const { uid, namespace, name, app, request } = this.#pod;
    return {
      pod: { uid, namespace, name, ...(app === undefined ? {} : { app }) },
      atMs: this.#atMs,
      appRequest: request,
      nodes: this.#groups.nodes,
      groups: this.#groups.all(),
      ...(this.#winner === undefined ? {} : { winner: this.#winner }),
    };
  }

  #figuresOf(account: NodeAccount, demand: CostedDemand): NodeFigures {
    this.#reader ??= new FigureReader(this.#ledger, demand);
    return this.#reader.read(account);
  }
}

function candidateOf({ name: node, ...rank }: RankedNode, score: number, figures: NodeFigures): Candidate {
  return { node, score, ...rank, ...figures };
}
