// Random events alone seldom leave a node that takes a pod: histories that begin with these have some room and ready
// proxies.

import * as fc from "fast-check";
import type { NodeName } from "#model/brand.ts";
import { aNode } from "./a-node.ts";
import { aProxy } from "./a-proxy.ts";
import { type LedgerInput, NODE_NAMES } from "./cluster-events.ts";

/** One event for each node of cluster-events.ts. */
export const roomyNodes = fc
  .tuple(...NODE_NAMES.map(() => fc.constantFrom(3_000, 6_000, 12_000)))
  .map((sizes) => NODE_NAMES.map((name, index) => roomyNode(name, sizes[index] ?? 0)));

function roomyNode(name: NodeName, size: number) {
  return {
    apply(ledger: LedgerInput): void {
      ledger.upsertNode(aNode({ name, cpuMilli: size, memoryBytes: 4 * size }));
      const base = { cpuMilli: 50, memoryBytes: 200 };
      ledger.upsertPod(
        aProxy({ name: `proxy-old-${name}`, node: name, cpuMilli: 100, memoryBytes: 400, base }),
      );
    },
  };
}
