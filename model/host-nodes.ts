// The nodes that an app is on, in the order in which it came to them. Most apps are on a few: a list of those is a third
// of a set in memory, and as quick.

import type { NodeLedger } from "./node-ledger.ts";

/** Beyond so many, looking through the list takes longer than a set. */
const LISTED_MAX = 8;

export class HostNodes implements Iterable<NodeLedger> {
  #nodes: readonly NodeLedger[] | Set<NodeLedger> = NOWHERE;

  get size(): number {
    const nodes = this.#nodes;
    return nodes instanceof Set ? nodes.size : nodes.length;
  }

  /** The node is not among them yet. */
  add(node: NodeLedger): void {
    const nodes = this.#nodes;
    if (nodes instanceof Set) nodes.add(node);
    // One that is pushed to makes room for sixteen more.
    else if (nodes.length < LISTED_MAX) this.#nodes = nodes.concat(node);
    else this.#nodes = new Set(nodes).add(node);
  }

  delete(node: NodeLedger): void {
    const nodes = this.#nodes;
    if (nodes instanceof Set) nodes.delete(node);
    else
      this.#nodes = nodes.length === 1 && nodes[0] === node ? NOWHERE : nodes.filter((host) => host !== node);
  }

  /** Those of which it is true. */
  where(isTrue: (node: NodeLedger) => boolean): readonly NodeLedger[] {
    const nodes = this.#nodes;
    return (nodes instanceof Set ? [...nodes] : nodes).filter(isTrue);
  }

  [Symbol.iterator](): Iterator<NodeLedger> {
    return this.#nodes.values();
  }
}

const NOWHERE: readonly NodeLedger[] = [];
