// From which nodes an app's requests are led elsewhere before their proxies end. A proxy that ends without a next one beside
// it serves on until others have taken over what other nodes send it, and how much may be taken over at once is bounded:
// what is left of the app elsewhere is never less than its minimum. Nodes that have to wait stay as they are until one
// before them is back.

import type { NodeName } from "#model/brand.ts";

/** leaving: it ends, nobody beside it is ready, and it still serves. */
export type ProxyState = "ready" | "leaving" | "absent";

export interface HostingNode {
  readonly node: NodeName;
  readonly proxy: ProxyState;
  /** Ready and staying. */
  readonly readyPods: number;
}

/**
 * As many as a Deployment's rolling update leaves with the largest share that people give it: what an app can do without
 * for the seconds that a proxy takes.
 */
const SHARE_MIN = 0.5;

/** @param already those that were led away from before: they stay so. */
export function movedNodes(
  nodes: readonly HostingNode[],
  already: ReadonlySet<NodeName>,
): ReadonlySet<NodeName> {
  const serving = nodes.filter(({ proxy }) => proxy !== "absent");
  let left = serving.reduce((sum, { readyPods }) => sum + readyPods, 0);
  const all = nodes.reduce((sum, { readyPods }) => sum + readyPods, 0);
  const least = Math.max(1, Math.ceil(all * SHARE_MIN));
  const leaving = serving
    .filter(({ proxy }) => proxy === "leaving")
    .toSorted(
      (one, other) =>
        Number(already.has(other.node)) - Number(already.has(one.node)) || (one.node < other.node ? -1 : 1),
    );
  const moved = new Set<NodeName>();
  for (const { node, readyPods } of leaving) {
    if (left - readyPods < least) continue;
    left -= readyPods;
    moved.add(node);
  }
  return moved;
}
