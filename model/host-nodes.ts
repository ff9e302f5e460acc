// The nodes that an app is on, in the order in which it came to them. Most apps are on a few: a list of those is a third
// of a set in memory, and as quick.

import type { NodeLedger } from "./node-ledger.ts";

/** Beyond so many, looking through the list takes longer than a set. */
const LISTED_MAX = 8;

export class HostNodes implements Iterable<NodeLedger> {
  #nodes: NodeLedger[] | Set<NodeLedger> = [];

  get size(): number {
    const nodes = this.#nodes;
    return Array.isArray(nodes) ? nodes.length : nodes.size;
  }

  /** The node is not among them yet. */
  add(node: NodeLedger): void {
    const nodes = this.#nodes;
    if (!Array.isArray(nodes)) nodes.add(node);
    else if (nodes.length < LISTED_MAX) nodes.push(node);
    else this.#nodes = new Set(nodes).add(node);
  }

  delete(node: NodeLedger): void {
    const nodes = this.#nodes;
    if (!Array.isArray(nodes)) return void nodes.delete(node);
    const place = nodes.indexOf(node);
    if (place >= 0) nodes.splice(place, 1);
  }

  /** Those of which it is true. */
  where(isTrue: (node: NodeLedger) => boolean): NodeLedger[] {
    const found: NodeLedger[] = [];
    const nodes = this.#nodes;
    if (Array.isArray(nodes)) {
      for (const node of nodes) if (isTrue(node)) found.push(node);
    } else {
      for (const node of nodes) if (isTrue(node)) found.push(node);
    }
    return found;
  }

  [Symbol.iterator](): Iterator<NodeLedger> {
    return this.#nodes.values();
  }
}
