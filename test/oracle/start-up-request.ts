// A pod's request by playing its start-up: init containers run one after another, restartable ones keep running, then
// the containers run together. The request is the most that runs at once. Reads only whole `100m` and plain bytes.

import type { ContainerResources, PodResourceFields, ResourceList } from "#model/pod-request.ts";
import type { Resources } from "#model/resources.ts";

export function startUpRequest(pod: PodResourceFields): Resources {
  return { cpuMilli: requestOf(pod, "cpu"), memoryBytes: requestOf(pod, "memory") };
}

type ResourceName = "cpu" | "memory";
type RequestOf = (container: ContainerResources) => ResourceList | undefined;

function requestOf(pod: PodResourceFields, resource: ResourceName): number {
  const overhead = amount(pod.overhead, resource) ?? 0;
  const whole = wholePodAmounts(pod, resource);
  if (whole.length > 0) return Math.max(...whole) + overhead;
  return Math.max(0, ...containerAmounts(pod, resource)) + overhead;
}

// What the pod asks for as a whole, in each of the versions that count.
function wholePodAmounts(pod: PodResourceFields, resource: ResourceName): number[] {
  const asked = Object.keys(pod.podRequests ?? {});
  if (
    !asked.includes("cpu") &&
    !asked.includes("memory") &&
    !asked.some((name) => name.startsWith("hugepages-"))
  ) {
    return [];
  }
  const isReported = pod.podActuated !== undefined;
  const versions = [
    isReported && pod.isResizeInfeasible === true ? undefined : pod.podRequests,
    isReported ? pod.podAllocated : undefined,
    pod.podActuated?.requests,
  ];
  return versions.map((list) => amount(list, resource)).filter((value) => value !== undefined);
}

// What the containers add up to, in each of the versions that count.
function containerAmounts(pod: PodResourceFields, resource: ResourceName): number[] {
  const statusOf = (name: string) => pod.containerStatuses?.find((status) => status.name === name);
  const spec: RequestOf = ({ requests }) => requests;
  const unlessInfeasible: RequestOf = ({ requests }) =>
    pod.isResizeInfeasible === true ? undefined : requests;
  const allocated: RequestOf = (container) =>
    statusOf(container.name)?.allocated ?? unlessInfeasible(container);
  const actuated: RequestOf = (container) => statusOf(container.name)?.actuated ?? allocated(container);
  const wanted = pod.isResizeInfeasible === true ? [] : [peak(pod, spec, resource)];
  if (pod.podAllocated !== undefined && pod.podActuated?.requests !== undefined) {
    return [
      ...wanted,
      amount(pod.podAllocated, resource) ?? 0,
      amount(pod.podActuated.requests, resource) ?? 0,
    ];
  }
  return [...wanted, peak(pod, allocated, resource), peak(pod, actuated, resource)];
}

function peak(pod: PodResourceFields, requestOf: RequestOf, resource: ResourceName): number {
  const sum = (running: readonly ContainerResources[]): number =>
    running.reduce((total, container) => total + (amount(requestOf(container), resource) ?? 0), 0);
  const moments: number[] = [];
  const running: ContainerResources[] = [];
  for (const container of pod.initContainers ?? []) {
    moments.push(sum([...running, container]));
    if (container.isRestartable === true) running.push(container);
  }
  moments.push(sum([...running, ...pod.containers]));
  return Math.max(...moments);
}

function amount(list: ResourceList | undefined, resource: ResourceName): number | undefined {
  const text = list?.[resource];
  return text === undefined ? undefined : Number.parseInt(text, 10);
}
