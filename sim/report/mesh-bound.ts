// What the mesh of a run's pods takes at least, however they are placed: the least instances and the least nodes at what
// each costs, and every pod. The two are least by themselves and seldom together, so that it is valid and not tight.

import { addResources, type Resources } from "#model/resources.ts";
import type { ComparedRun } from "../engine/comparison.ts";
import type { MeshCosts } from "../scenario/scenario-run.ts";

/** Undefined for sidecars, which take the same wherever they are, and for pods that the fleet could not hold at all. */
export function meshBound({ policy, peak, bounds }: ComparedRun, costs: MeshCosts): Resources | undefined {
  const { proxyBase, base, perPod, sharedBy } = costs;
  if (!sharedBy.includes(policy) || bounds.nodes === undefined) return undefined;
  return [times(proxyBase, bounds.nodes), times(base, bounds.instances), times(perPod, peak.pods)].reduce(
    addResources,
  );
}

function times({ cpuMilli, memoryBytes }: Resources, count: number): Resources {
  return { cpuMilli: cpuMilli * count, memoryBytes: memoryBytes * count };
}
