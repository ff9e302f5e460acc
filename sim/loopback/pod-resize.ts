// The `resize` subresource: only the resources of containers change, and only to what the node could ever hold.
// Sources: pkg/registry/core/pod/strategy.go (dropNonResizeUpdates), pkg/apis/core/validation (ValidatePodResize).

import { isWithin } from "#model/resources.ts";
import type { Resources } from "#model/resources.ts";
import { forbidden, invalid } from "./api-error.ts";
import type { StatusCause } from "./api-error.ts";
import { equalJson, listOf, objectOf, textOf } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import type { KubeObject } from "./kube-object.ts";
import { causesOfResources, checkNewPod } from "./pod-creation.ts";
import { allocatableOf, isRestartable, specRequest } from "./pod-resources.ts";
import { qosClassOf } from "./qos-class.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";

/**
 * The pod with the new resources and nothing else changed: labels, annotations and other fields of `next` are dropped.
 *
 * @throws ApiError Invalid, or Forbidden with cause NodeCapacity if the node could never hold it.
 */
export function resizedPod(live: KubeObject, next: JsonObject, node: KubeObject | undefined): KubeObject {
  const spec = objectOf(live.spec);
  const wanted = objectOf(next["spec"]);
  const causes: StatusCause[] = [];
  const containers = resizedContainers("containers", { before: spec, after: wanted, causes });
  const initContainers = resizedContainers("initContainers", { before: spec, after: wanted, causes });
  if (live.metadata.annotations?.[STATIC_POD_ANNOTATION] !== undefined) {
    causes.push({
      reason: "FieldValueForbidden",
      message: "Forbidden: static pods cannot be resized",
      field: "",
    });
  }
  if (!isResizeSupported(live)) {
    const message = "Forbidden: Pod running on node without support for resize";
    causes.push({ reason: "FieldValueForbidden", message, field: "spec" });
  }
  if (causes.length > 0) throw invalid(RESOURCE_TYPES.pods, live.metadata.name, causes);
  const resized = {
    ...live,
    spec: { ...spec, containers, ...(spec["initContainers"] !== undefined && { initContainers }) },
  };
  checkNewPod(resized);
  checkQos(live, resized);
  if (node !== undefined) checkNodeCapacity(live, resized, node);
  return resized;
}

// A kubelet that can resize says what its running containers have.
function isResizeSupported({ status }: KubeObject): boolean {
  const statuses = listOf(objectOf(status)["containerStatuses"]).map(objectOf);
  const running = statuses.find(({ state }) => objectOf(state)["running"] !== undefined);
  return running === undefined || running["resources"] !== undefined;
}

const STATIC_POD_ANNOTATION = "kubernetes.io/config.mirror";

interface ContainersResize {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly causes: StatusCause[];
}

function resizedContainers(field: string, { before, after, causes }: ContainersResize): Json[] {
  const old = listOf(before[field]);
  const wanted = listOf(after[field]).map(objectOf);
  if (
    wanted.length !== old.length ||
    wanted.some((container, i) => container["name"] !== objectOf(old[i])["name"])
  ) {
    const message = "Forbidden: containers may not be added, removed, renamed or reordered on resize";
    causes.push({ reason: "FieldValueForbidden", message, field: `spec.${field}` });
    return [...old];
  }
  const resized = (item: Json, index: number): Json => {
    const container = objectOf(item);
    const { resources, resizePolicy } = objectOf(wanted[index]);
    const isResizable = field === "containers" || isRestartable(container);
    if (!isResizable || equalJson(resources, container["resources"])) return container;
    const change = { before: objectOf(container["resources"]), after: objectOf(resources) };
    causes.push(...causesOfResize(change, `spec.${field}[${index}].resources`));
    return { ...container, resources, ...(resizePolicy !== undefined && { resizePolicy }) };
  };
  return old.map(resized);
}

interface ResourcesChange {
  readonly before: JsonObject;
  readonly after: JsonObject;
}

function causesOfResize({ before, after }: ResourcesChange, field: string): StatusCause[] {
  const causes = causesOfResources(after, field);
  const refuse = (message: string, at: string): void => {
    causes.push({ reason: "FieldValueForbidden", message: `Forbidden: ${message}`, field: at });
  };
  for (const list of ["requests", "limits"] as const) {
    const old = objectOf(before[list]);
    const wanted = objectOf(after[list]);
    for (const name of new Set([...Object.keys(old), ...Object.keys(wanted)])) {
      if (equalJson(old[name], wanted[name])) continue;
      if (name !== "cpu" && name !== "memory") refuse("only cpu and memory resources are mutable", field);
      else if (wanted[name] === undefined) refuse(`resource ${list} cannot be removed`, `${field}.${list}`);
    }
  }
  return causes;
}

function checkQos(live: KubeObject, resized: KubeObject): void {
  const before = textOf(objectOf(live.status)["qosClass"]) ?? qosClassOf(live);
  const after = qosClassOf(resized);
  if (before === after) return;
  const message = `Invalid value: "${after}": Pod QOS Class may not change as a result of resizing`;
  throw invalid(RESOURCE_TYPES.pods, live.metadata.name, [
    { reason: "FieldValueInvalid", message, field: "spec" },
  ]);
}

function checkNodeCapacity(live: KubeObject, resized: KubeObject, node: KubeObject): void {
  const allocatable = allocatableOf(node);
  const request = specRequest(resized);
  if (allocatable === undefined || isWithin(request, allocatable) || isWithin(request, specRequest(live)))
    return;
  const message = `Node didn't have enough capacity: ${excessText(request, allocatable)}`;
  const causes = [{ reason: "NodeCapacity", message }];
  throw forbidden(RESOURCE_TYPES.pods, live.metadata.name, { message, causes });
}

/** `cpu, requested: 5000, capacity: 4000`: the resource that exceeds, in kubelet's words and units. */
export function excessText(request: Resources, capacity: Resources): string {
  return request.memoryBytes > capacity.memoryBytes
    ? `memory, requested: ${request.memoryBytes}, capacity: ${capacity.memoryBytes}`
    : `cpu, requested: ${request.cpuMilli}, capacity: ${capacity.cpuMilli}`;
}
