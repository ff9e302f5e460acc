// What kubelet has allocated on one node, kept as a running sum.

import { addResources, noResources, subtractResources } from "#model/resources.ts";
import type { Resources } from "#model/resources.ts";
import type { HeldPod } from "./held-pod.ts";

export class NodeRoom {
  readonly pods = new Set<HeldPod>();
  #allocated: Resources = noResources;

  hold(pod: HeldPod): void {
    this.pods.add(pod);
    this.#allocated = addResources(this.#allocated, pod.allocated);
  }

  release(pod: HeldPod): void {
    if (this.pods.delete(pod)) this.#allocated = subtractResources(this.#allocated, pod.allocated);
  }

  /** Gives the pod another size in place of the one it has. */
  reallocate(pod: HeldPod, allocated: Resources): void {
    this.#allocated = addResources(subtractResources(this.#allocated, pod.allocated), allocated);
    pod.allocated = allocated;
  }

  /** What everybody but this pod has. */
  usedByOthers(pod: HeldPod): Resources {
    return this.pods.has(pod) ? subtractResources(this.#allocated, pod.allocated) : this.#allocated;
  }
}

export interface Shortage {
  readonly resource: "cpu" | "memory";
  /** In kubelet's words and units. */
  readonly message: string;
}

interface RoomQuestion {
  readonly request: Resources;
  /** What the pod has already: a resource that does not grow needs no room. */
  readonly allocated: Resources;
  readonly usedByOthers: Resources;
  readonly allocatable: Resources;
}

/** Why a request does not fit beside what others have; undefined if it does. */
export function shortageOf({
  request,
  allocated,
  usedByOthers,
  allocatable,
}: RoomQuestion): Shortage | undefined {
  for (const [field, resource] of COUNTED) {
    const isGrowing = request[field] > allocated[field];
    if (!isGrowing || usedByOthers[field] + request[field] <= allocatable[field]) continue;
    const figures = `requested: ${request[field]}, used: ${usedByOthers[field]}, capacity: ${allocatable[field]}`;
    return { resource, message: `Node didn't have enough resource: ${resource}, ${figures}` };
  }
  return undefined;
}

const COUNTED = [
  ["cpuMilli", "cpu"],
  ["memoryBytes", "memory"],
] as const;
