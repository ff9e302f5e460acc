// What nodes have answered in one search. Most searches ask two or three, for which a list is quicker than a map.

import type { NodeAccount } from "#model/node-ledger.ts";

/** Beyond so many, looking through the list takes longer than a map. */
const LISTED_MAX = 16;

export class AskedNodes<Answer> {
  readonly #nodes: NodeAccount[] = [];
  readonly #answers: Answer[] = [];
  #rest: Map<NodeAccount, Answer> | undefined;

  answerOf(node: NodeAccount): Answer | undefined {
    const place = this.#nodes.indexOf(node);
    return place >= 0 ? this.#answers[place] : this.#rest?.get(node);
  }

  note(node: NodeAccount, answer: Answer): void {
    if (this.#nodes.length < LISTED_MAX) {
      this.#nodes.push(node);
      this.#answers.push(answer);
    } else {
      this.#rest ??= new Map<NodeAccount, Answer>();
      this.#rest.set(node, answer);
    }
  }
}
