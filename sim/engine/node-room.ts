// What a node has beside its pods and its proxy.

import type { NodeLedger } from "#model/node-ledger.ts";
import { noResources, type Resources } from "#model/resources.ts";

/** No placement gives more; negative where the node is short. */
export function roomOf({ allocatable, requested, counted = noResources }: NodeLedger): Resources {
  return {
    cpuMilli: allocatable.cpuMilli - requested.cpuMilli - counted.cpuMilli,
    memoryBytes: allocatable.memoryBytes - requested.memoryBytes - counted.memoryBytes,
  };
}
