// Which nodes a change concerns: the loops plan and learn for those alone.

import type { ClusterLedger } from "#model/ledger.ts";
import type { ClusterChange } from "#kube/cluster-cache.ts";
import type { NodeCensus } from "./node-census.ts";
import type { SizingLoop } from "./sizing-loop.ts";
import type { UsageLoop } from "./usage-loop.ts";

/** Marks the nodes that a change of the cluster concerns for the next round. */
export function markChanged(change: ClusterChange, loops: Loops): void {
  switch (change.kind) {
    case "pod": {
      loops.census.changed(change.before, change.after);
      for (const pod of [change.before, change.after]) {
        // A nomination is news to the node it names, and so is its end.
        if (pod?.nominatedNode !== undefined) loops.sizing.markDirty(pod.nominatedNode);
        if (pod?.nodeName === undefined) continue;
        loops.sizing.markDirty(pod.nodeName);
        if (change.before?.nodeName !== change.after?.nodeName) loops.usage.podsChanged(pod.nodeName);
      }
      return;
    }
    case "profile":
      loops.usage.profileChanged(change.app);
      for (const { name } of loops.ledger.nodesOfApp(change.app)) loops.sizing.markDirty(name);
      return;
    case "node":
      if (loops.ledger.node(change.name) === undefined) loops.usage.nodeGone(change.name);
      return loops.sizing.markDirty(change.name);
    case "owner":
  }
}

interface Loops {
  readonly ledger: ClusterLedger;
  readonly sizing: SizingLoop;
  readonly usage: UsageLoop;
  readonly census: NodeCensus;
}
