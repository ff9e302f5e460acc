// What pods request and nodes offer, read from raw objects by the model's own arithmetic.

import { podRequest } from "#model/pod-request.ts";
import type { ContainerResources, ResourceList } from "#model/pod-request.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { isJsonObject, listOf, objectOf, textOf, valueAt } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";

/** The request in the pod's spec, whatever was allocated. */
export function specRequest(pod: JsonObject): Resources {
  return requestWith(pod, (container) => resourceList(valueAt(container, ["resources", "requests"])));
}

/** The request with what kubelet allocated in place of the spec's, where it has allocated. */
export function allocatedRequest(pod: JsonObject): Resources {
  const allocated = new Map<string, ResourceList | undefined>();
  for (const field of ["containerStatuses", "initContainerStatuses"]) {
    for (const item of listOf(valueAt(pod, ["status", field]))) {
      const { name, allocatedResources } = objectOf(item);
      allocated.set(textOf(name) ?? "", resourceList(allocatedResources));
    }
  }
  return requestWith(
    pod,
    (container) =>
      allocated.get(textOf(container["name"]) ?? "") ??
      resourceList(valueAt(container, ["resources", "requests"])),
  );
}

/** What the node has for pods, or undefined if it does not say. */
export function allocatableOf(node: JsonObject): Resources | undefined {
  const { cpu, memory } = objectOf(valueAt(node, ["status", "allocatable"]));
  if (cpu === undefined || memory === undefined) return undefined;
  return {
    cpuMilli: parseCpuMilli(String(cpu), "down"),
    memoryBytes: parseMemoryBytes(String(memory), "down"),
  };
}

export function containersOf(pod: JsonObject, field = "containers"): readonly JsonObject[] {
  return listOf(objectOf(pod["spec"])[field]).map(objectOf);
}

/** An init container that keeps running beside the containers. */
export function isRestartable(initContainer: JsonObject): boolean {
  return initContainer["restartPolicy"] === "Always";
}

function requestWith(
  pod: JsonObject,
  requestsOf: (container: JsonObject) => ResourceList | undefined,
): Resources {
  const toModel = (container: JsonObject): ContainerResources => ({
    name: textOf(container["name"]) ?? "",
    requests: requestsOf(container),
    isRestartable: isRestartable(container),
  });
  return podRequest({
    containers: containersOf(pod).map(toModel),
    initContainers: containersOf(pod, "initContainers").map(toModel),
    podRequests: resourceList(valueAt(pod, ["spec", "resources", "requests"])),
    overhead: resourceList(valueAt(pod, ["spec", "overhead"])),
  });
}

function resourceList(value: Json | undefined): ResourceList | undefined {
  return isJsonObject(value) ? (value as ResourceList) : undefined;
}
