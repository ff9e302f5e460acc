// Pods that no node of a fleet could take even if it were empty. They would wait for good, and a planner who is told
// only at the end has lost a run.

import type { AppCost } from "#model/mesh-profile.ts";
import { unitCost } from "#model/mesh-cost.ts";
import { formatCpu, formatMemory } from "#model/quantity.ts";
import { addResources, isWithin, type Resources } from "#model/resources.ts";
import type { FleetShape } from "../engine/fleet.ts";
import type { MeshModel } from "../engine/replay-pod.ts";
import type { TracePod } from "../traces/trace.ts";

export interface EmptyNode {
  readonly fleet: FleetShape;
  readonly mesh: MeshModel;
  readonly cost: AppCost;
  readonly proxyBase: Resources;
}

/** Says how many there are and shows the first; undefined if every pod fits some empty node. */
export function tooLargePods(pods: readonly TracePod[], node: EmptyNode): string | undefined {
  const sizes = nodeSizes(node.fleet);
  const verdicts = new Map<string, boolean>();
  let count = 0;
  let first: TracePod | undefined;
  for (const pod of pods) {
    const key = `${pod.request.cpuMilli} ${pod.request.memoryBytes}`;
    let isTooLarge = verdicts.get(key);
    if (isTooLarge === undefined) {
      const needed = neededBy(pod.request, node);
      isTooLarge = !sizes.some((size) => isWithin(needed, size));
      verdicts.set(key, isTooLarge);
    }
    if (!isTooLarge) continue;
    count++;
    first ??= pod;
  }
  if (first === undefined) return undefined;
  const needed = neededBy(first.request, node);
  return (
    `${count} of ${pods.length} pods fit no node, not even an empty one: ${first.id} of app ${first.app} asks for ` +
    `${sizeText(first.request)}, with its mesh ${sizeText(needed)}; ${largestText(sizes)}`
  );
}

function neededBy(request: Resources, { mesh, cost, proxyBase }: EmptyNode): Resources {
  if (mesh.kind === "sidecar") return addResources(request, mesh.size(request));
  const { base, perPod } = unitCost(cost);
  return [proxyBase, base, perPod].reduce(addResources, request);
}

/** Each size once. */
function nodeSizes(fleet: FleetShape): readonly Resources[] {
  if (fleet.kind === "auto") return [fleet.nodeSize];
  const sizes = new Map<string, Resources>();
  for (const { allocatable } of fleet.nodes) {
    sizes.set(`${allocatable.cpuMilli} ${allocatable.memoryBytes}`, allocatable);
  }
  return [...sizes.values()];
}

// A table may have hundreds of sizes.
function largestText(sizes: readonly Resources[]): string {
  const most = (resource: keyof Resources): number => Math.max(...sizes.map((size) => size[resource]));
  const [only] = sizes;
  return sizes.length === 1 && only !== undefined
    ? `a node has ${sizeText(only)}`
    : `no node has more than ${formatCpu(most("cpuMilli"))} CPU or more than ${formatMemory(most("memoryBytes"))}`;
}

function sizeText({ cpuMilli, memoryBytes }: Resources): string {
  return `${formatCpu(cpuMilli)} CPU and ${formatMemory(memoryBytes)}`;
}
