// Which container of a node proxy's pod carries the mesh, and is sized.

import type { ResourceList } from "#model/pod-request.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";

interface NamedContainer {
  readonly name: string;
}

/** The container that carries the mesh; the first one if none has this name. */
const PROXY_CONTAINER = "proxy";

/** Its place among the pod's containers; 0 for none. */
export function proxyContainerIndex(containers: readonly NamedContainer[]): number {
  return Math.max(
    0,
    containers.findIndex(({ name }) => name === PROXY_CONTAINER),
  );
}

/** CPU and memory of a resource list, 0 where it says nothing. */
export function sizeOfList(list: ResourceList | undefined): Resources {
  return {
    cpuMilli: parseCpuMilli(list?.["cpu"] ?? "0"),
    memoryBytes: parseMemoryBytes(list?.["memory"] ?? "0"),
  };
}
