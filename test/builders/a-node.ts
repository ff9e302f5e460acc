// A node of four cores and 16 GiB in zone a, unless said otherwise.

import type { NodeName } from "#model/brand.ts";
import type { NodeView } from "#model/cluster-view.ts";
import type { NodeTraits } from "#model/node-traits.ts";
import { GIB } from "./sizes.ts";

interface NodeOverrides {
  readonly name?: string;
  readonly cpuMilli?: number;
  readonly memoryBytes?: number;
  readonly zone?: string;
  readonly traits?: Partial<NodeTraits>;
}

export function aNode({
  name = "node-1",
  cpuMilli = 4_000,
  memoryBytes = 16 * GIB,
  zone = "zone-a",
  traits = {},
}: NodeOverrides = {}): NodeView {
  return {
    name: name as NodeName,
    allocatable: { cpuMilli, memoryBytes },
    zone,
    traits: { labels: {}, taints: [], isUnschedulable: false, podsMax: 110, ...traits },
  };
}
