// The status a kubelet writes: a pod that runs, its containers' resources, and a pod that was turned away.

import { formatCpu, formatMemory } from "#model/quantity.ts";
import { podRequest } from "#model/pod-request.ts";
import type { ResourceList } from "#model/pod-request.ts";
import type { ContainerGrants } from "./held-pod.ts";
import { isJsonObject, listOf, objectOf, textOf, valueAt } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import { timestampText } from "./kube-object.ts";
import type { KubeObject } from "./kube-object.ts";
import { withCondition } from "./pod-condition.ts";
import { containersOf, isRestartable } from "./pod-resources.ts";
import { qosClassOf } from "./qos-class.ts";

export interface PodPlace {
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
  readonly nowMs: number;
}

/** Everything Running and ready, with the containers at the size that was granted. */
export function runningStatus(pod: KubeObject, granted: ContainerGrants, place: PodPlace): JsonObject {
  const lastTransitionTime = timestampText(place.nowMs);
  const { hostIPs, podIPs } = place;
  const statusOf = (container: JsonObject): Json => containerStatus(pod, container, lastTransitionTime);
  const initContainers = containersOf(pod, "initContainers");
  const base: JsonObject = {
    ...pod.status,
    phase: "Running",
    startTime: lastTransitionTime,
    hostIP: hostIPs[0],
    hostIPs: hostIPs.map((ip) => ({ ip })),
    podIP: podIPs[0],
    podIPs: podIPs.map((ip) => ({ ip })),
    qosClass: qosClassOf(pod),
    containerStatuses: containersOf(pod).map(statusOf),
    ...(initContainers.length > 0 && { initContainerStatuses: initContainers.map(statusOf) }),
  };
  const ready = READY_CONDITIONS.reduce(
    (status, type) => withCondition(status, { type, status: "True", lastTransitionTime }),
    base,
  );
  return withActuated(pod, withAllocated(pod, ready, granted), granted);
}

/** The status with what kubelet allocated: per container, and for the pod as a whole. */
export function withAllocated(pod: KubeObject, status: JsonObject, granted: ContainerGrants): JsonObject {
  const allocate = (resources: JsonObject): JsonObject => ({
    allocatedResources: resources["requests"] ?? {},
  });
  return {
    ...mapContainerStatuses(status, granted, allocate),
    allocatedResources: podLevelRequests(pod, granted),
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
  };
}

/** The status with what the containers run with. */
export function withActuated(pod: KubeObject, status: JsonObject, granted: ContainerGrants): JsonObject {
  const limits = podLevelLimits(granted);
  return {
    ...mapContainerStatuses(status, granted, (resources) => ({ resources })),
    resources: { requests: podLevelRequests(pod, granted), ...(limits !== undefined && { limits }) },
  };
}

/** What the status says the containers run with; undefined if it says nothing. */
export function actuatedResources(pod: KubeObject): ContainerGrants | undefined {
  const statuses = CONTAINER_STATUSES.flatMap((field) => listOf(pod.status?.[field])).map(objectOf);
  if (statuses.length === 0) return undefined;
  return new Map(
    statuses
      .filter((status) => isJsonObject(status["resources"]))
      .map((status) => [textOf(status["name"]) ?? "", objectOf(status["resources"])]),
  );
}

export interface Rejection {
  readonly resource: "cpu" | "memory";
  readonly message: string;
}

/** A pod that did not fit when kubelet came to start it; it stays Failed until somebody deletes it. */
export function rejectedStatus(pod: KubeObject, { resource, message }: Rejection): JsonObject {
  return {
    ...pod.status,
    phase: "Failed",
    reason: `OutOf${resource}`,
    message: `Pod was rejected: ${message}`,
    observedGeneration: pod.metadata.generation ?? 0,
  };
}

const READY_CONDITIONS = [
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
] as const;

const CONTAINER_STATUSES = ["containerStatuses", "initContainerStatuses"] as const;

function containerStatus(pod: KubeObject, container: JsonObject, startedAt: string): Json {
  const isRunning =
    !listOf(valueAt(pod, ["spec", "initContainers"])).includes(container) || isRestartable(container);
  const ended = { terminated: { exitCode: 0, reason: "Completed", startedAt, finishedAt: startedAt } };
  return {
    name: container["name"],
    image: container["image"],
    imageID: "",
    containerID: `loopback://${pod.metadata.uid}-${textOf(container["name"])}`,
    ready: true,
    started: isRunning,
    restartCount: 0,
    state: isRunning ? { running: { startedAt } } : ended,
    lastState: {},
  };
}

function mapContainerStatuses(
  status: JsonObject,
  granted: ContainerGrants,
  partOf: (resources: JsonObject) => JsonObject,
): JsonObject {
  const update = (item: Json): Json => {
    const container = objectOf(item);
    const resources = granted.get(textOf(container["name"]) ?? "");
    return resources === undefined ? item : { ...container, ...partOf(resources) };
  };
  const updated = CONTAINER_STATUSES.filter((field) => status[field] !== undefined).map(
    (field): [string, Json] => [field, listOf(status[field]).map(update)],
  );
  return { ...status, ...Object.fromEntries(updated) };
}

// Without overhead, which readers of the status add themselves.
function podLevelRequests(pod: KubeObject, granted: ContainerGrants): JsonObject {
  const requestsOf = (container: JsonObject): ResourceList => {
    const resources = granted.get(textOf(container["name"]) ?? "") ?? objectOf(container["resources"]);
    return objectOf(resources["requests"]) as ResourceList;
  };
  const toModel = (container: JsonObject) => ({
    name: "",
    requests: requestsOf(container),
    isRestartable: isRestartable(container),
  });
  const podRequests = valueAt(pod, ["spec", "resources", "requests"]) as ResourceList | undefined;
  const { cpuMilli, memoryBytes } = podRequest({
    containers: containersOf(pod).map(toModel),
    initContainers: containersOf(pod, "initContainers").map(toModel),
    podRequests,
  });
  return {
    ...(cpuMilli > 0 && { cpu: formatCpu(cpuMilli) }),
    ...(memoryBytes > 0 && { memory: formatMemory(memoryBytes) }),
  };
}

// A pod is limited only in what all its containers are limited in.
function podLevelLimits(granted: ContainerGrants): JsonObject | undefined {
  const limits = [...granted.values()].map((resources) => objectOf(resources["limits"]));
  const sum = podRequest({
    containers: limits.map((requests) => ({ name: "", requests: requests as ResourceList })),
  });
  const isLimited = (name: string): boolean =>
    limits.length > 0 && limits.every((list) => list[name] !== undefined);
  const total = {
    ...(isLimited("cpu") && { cpu: formatCpu(sum.cpuMilli) }),
    ...(isLimited("memory") && { memory: formatMemory(sum.memoryBytes) }),
  };
  return Object.keys(total).length === 0 ? undefined : total;
}
