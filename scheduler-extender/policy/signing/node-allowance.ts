// How many certificates one node may ask for: what a proxy needs that starts with all its apps, some restarts, and then
// a trickle. A proxy in foreign hands, or one that asks in a loop, does not take the signer's time from the others.

import type { NodeName } from "#model/brand.ts";

/** As many as a proxy has instances at most. */
const AT_ONCE_MAX = 256;
const PER_MINUTE = 60;
/** Nodes are forgotten once they could ask for everything again; of more at once the oldest go first. */
const NODES_MAX = 20_000;

export class NodeAllowance {
  readonly #nodes = new Map<NodeName, { left: number; atMs: number }>();

  /** Takes one, if the node has one left. */
  take(node: NodeName, nowMs: number): boolean {
    const known = this.#nodes.get(node) ?? { left: AT_ONCE_MAX, atMs: nowMs };
    const grown = (Math.max(0, nowMs - known.atMs) / 60_000) * PER_MINUTE;
    const left = Math.min(AT_ONCE_MAX, known.left + grown);
    // The oldest first.
    this.#nodes.delete(node);
    this.#nodes.set(node, { left: left >= 1 ? left - 1 : left, atMs: nowMs });
    const [oldest] = this.#nodes.keys();
    if (this.#nodes.size > NODES_MAX && oldest !== undefined) this.#nodes.delete(oldest);
    return left >= 1;
  }
}
