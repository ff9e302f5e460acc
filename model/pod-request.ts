// A: what a pod requests, exactly as kube-scheduler counts it. Source: k8s.io/component-helpers v0.37.2,
// resource/helpers.go, PodRequests with UseStatusResources and in-place resize of containers and pods (both GA or on
// by default in 1.37). Init containers run one by one and so take the maximum, restartable ones (sidecars) add up,
// pod-level requests replace the sum, overhead comes on top, and a resize counts as max(spec, allocated, actuated).

import { parseThousandths, QuantityError } from "./quantity.ts";
import type { Resources } from "./resources.ts";

/** Quantities by resource name, as the API writes them. */
export type ResourceList = Readonly<Record<string, string>>;

export interface ContainerResources {
  readonly name: string;
  readonly requests?: ResourceList | undefined;
  /** An init container with restartPolicy Always: it keeps running beside the containers. */
  readonly isRestartable?: boolean;
}

export interface ContainerStatusResources {
  readonly name: string;
  readonly allocated?: ResourceList | undefined;
  readonly actuated?: ResourceList | undefined;
}

/** The parts of a pod that decide its request. */
export interface PodResourceFields {
  readonly containers: readonly ContainerResources[];
  readonly initContainers?: readonly ContainerResources[] | undefined;
  readonly podRequests?: ResourceList | undefined;
  readonly overhead?: ResourceList | undefined;
  readonly containerStatuses?: readonly ContainerStatusResources[] | undefined;
  /** `status.allocatedResources` and `status.resources` of the pod itself; the latter may exist without requests. */
  readonly podAllocated?: ResourceList | undefined;
  readonly podActuated?: { readonly requests?: ResourceList | undefined } | undefined;
  /** Condition PodResizePending with reason Infeasible: the spec will not happen. */
  readonly isResizeInfeasible?: boolean;
}

/**
 * The pod's effective request in millicores and bytes, rounded up once at the end.
 *
 * @throws QuantityError naming the resource if a quantity does not parse.
 */
export function podRequest(pod: PodResourceFields): Resources {
  return {
    cpuMilli: toSafeInteger(requestThousandths(pod, "cpu")),
    memoryBytes: toSafeInteger((requestThousandths(pod, "memory") + 999n) / 1000n),
  };
}

type ResourceName = "cpu" | "memory";

function requestThousandths(pod: PodResourceFields, resource: ResourceName): bigint {
  const overhead = quantityOf(pod.overhead, resource) ?? 0n;
  return (podLevelThousandths(pod, resource) ?? containerThousandths(pod, resource)) + overhead;
}

function podLevelThousandths(pod: PodResourceFields, resource: ResourceName): bigint | undefined {
  if (!hasPodLevelRequests(pod)) return undefined;
  const spec = quantityOf(pod.podRequests, resource);
  if (pod.podActuated === undefined) return spec;
  const actuated = quantityOf(pod.podActuated.requests, resource);
  const allocated = quantityOf(pod.podAllocated, resource);
  return largest([pod.isResizeInfeasible === true ? undefined : spec, actuated, allocated]);
}

// Only these resources can be requested for a pod as a whole.
function hasPodLevelRequests({ podRequests = {} }: PodResourceFields): boolean {
  return Object.keys(podRequests).some(
    (name) => name === "cpu" || name === "memory" || name.startsWith("hugepages-"),
  );
}

function containerThousandths(pod: PodResourceFields, resource: ResourceName): bigint {
  const isInfeasible = pod.isResizeInfeasible === true;
  const spec = isInfeasible
    ? undefined
    : aggregate(pod, (container) => quantityOf(container.requests, resource) ?? 0n);
  const podActuated = pod.podActuated?.requests;
  if (pod.podAllocated !== undefined && podActuated !== undefined) {
    return largest([spec, quantityOf(pod.podAllocated, resource), quantityOf(podActuated, resource)]) ?? 0n;
  }
  const statuses = new Map((pod.containerStatuses ?? []).map((status) => [status.name, status]));
  if (statuses.size === 0 && spec !== undefined) return spec;
  const allocated = aggregate(pod, (container) => {
    const lists = [statuses.get(container.name)?.allocated, isInfeasible ? undefined : container.requests];
    return firstPresent(lists, resource);
  });
  const actuated = aggregate(pod, (container) => {
    const status = statuses.get(container.name);
    return firstPresent(
      [status?.actuated, status?.allocated, isInfeasible ? undefined : container.requests],
      resource,
    );
  });
  return largest([spec, allocated, actuated]) ?? 0n;
}

function aggregate(pod: PodResourceFields, requestOf: (container: ContainerResources) => bigint): bigint {
  let running = 0n;
  for (const container of pod.containers) running += requestOf(container);
  let restartable = 0n;
  let initPeak = 0n;
  for (const container of pod.initContainers ?? []) {
    const request = requestOf(container);
    const whileItRuns = restartable + request;
    if (container.isRestartable === true) {
      running += request;
      restartable += request;
    }
    if (whileItRuns > initPeak) initPeak = whileItRuns;
  }
  return running > initPeak ? running : initPeak;
}

// The first list that exists decides, even if it does not name the resource.
function firstPresent(lists: readonly (ResourceList | undefined)[], resource: ResourceName): bigint {
  return (
    quantityOf(
      lists.find((list) => list !== undefined),
      resource,
    ) ?? 0n
  );
}

function quantityOf(list: ResourceList | undefined, resource: ResourceName): bigint | undefined {
  const text = list?.[resource];
  if (text === undefined) return undefined;
  try {
    return parseThousandths(String(text));
  } catch (error) {
    throw new QuantityError(`${resource}: ${(error as Error).message}`, { cause: error });
  }
}

function largest(values: readonly (bigint | undefined)[]): bigint | undefined {
  let result: bigint | undefined;
  for (const value of values)
    if (value !== undefined && (result === undefined || value > result)) result = value;
  return result;
}

function toSafeInteger(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new QuantityError("the pod's request is out of range");
  return Number(value);
}
