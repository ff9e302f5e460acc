// A node proxy's pod as its resizer needs it: the present spec of the container that is resized, and what kubelet says
// of the last resize.

import type { NodeName, PodUid } from "#model/brand.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { SHARES_ANNOTATION, type Shares } from "#model/shares.ts";
import { type ApiCondition, type ApiContainer, type ApiPod, DecodeError } from "#kube/decode-pod.ts";
import { daemonPodNode } from "#kube/daemon-pod-node.ts";
import { proxyContainerIndex, sizeOfList } from "#kube/proxy-container.ts";
import { decodeShares } from "#kube/shares-annotation.ts";

/** On pods that are not resized: the size that they should have, as quantities. */
export const RECOMMENDATION_ANNOTATION = "berth.dev/recommendation";

export interface ProxyPod {
  readonly uid: PodUid;
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: NodeName | undefined;
  /** Where it is reached; undefined until kubelet has said so. */
  readonly address: string | undefined;
  /** Where it is bound, else the node that it waits for. */
  readonly ownNode: NodeName | undefined;
  readonly isReady: boolean;
  /** The DaemonSet that owns it. */
  readonly daemonSet: string | undefined;
  readonly createdAtMs: number;
  readonly containerName: string;
  readonly requests: Resources;
  /** What kubelet has allocated; the requests where it has not said so yet. */
  readonly allocated: Resources;
  /** Limits that exist move with the requests, keeping their distance. */
  readonly limits: { readonly cpuMilli?: number; readonly memoryBytes?: number };
  readonly pendingResize: "Deferred" | "Infeasible" | undefined;
  readonly isTerminating: boolean;
  /** The size that was recommended to it where it is not resized. */
  readonly recommended: Resources | undefined;
  /** What its apps were told to share; undefined if nothing that can be read. */
  readonly shares: Shares | undefined;
}

/**
 * @param containerName the container that is sized; by default, or if there is none of the name, the mesh's.
 * @throws DecodeError if the pod has no container.
 */
export function decodeProxyPod(raw: unknown, containerName?: string): ProxyPod {
  const { metadata, spec, status } = raw as ApiPod;
  const containers = spec?.containers ?? [];
  const container =
    containers.find(({ name }) => name === containerName) ?? containers[proxyContainerIndex(containers)];
  if (container === undefined || metadata?.uid === undefined || metadata.name === undefined) {
    throw new DecodeError("a proxy pod needs metadata.uid, metadata.name and a container");
  }
  const { requests } = container.resources ?? {};
  const { allocatedResources } = status?.containerStatuses?.find(({ name }) => name === container.name) ?? {};
  const pending = pendingReason(raw as ApiResizingPod);
  return {
    uid: metadata.uid as PodUid,
    namespace: metadata.namespace ?? "default",
    name: metadata.name,
    nodeName: spec?.nodeName as NodeName | undefined,
    address: (raw as ApiResizingPod).status?.podIP,
    ownNode: daemonPodNode(spec ?? {}),
    isReady: status?.conditions?.some(isReadyCondition) === true,
    daemonSet: (raw as ApiResizingPod).metadata?.ownerReferences?.find(isDaemonSet)?.name,
    createdAtMs: Date.parse(metadata.creationTimestamp ?? "") || 0,
    containerName: container.name,
    requests: sizeOfList(requests),
    allocated: sizeOfList({ ...requests, ...allocatedResources }),
    limits: limitsOf(container),
    pendingResize: pending === "Deferred" || pending === "Infeasible" ? pending : undefined,
    isTerminating: metadata.deletionTimestamp !== undefined,
    recommended: recommendedOf(metadata.annotations?.[RECOMMENDATION_ANNOTATION]),
    shares: sharesOf(metadata.annotations?.[SHARES_ANNOTATION]),
  };
}

// We are its only writer: what cannot be read is written anew.
function recommendedOf(text: string | undefined): Resources | undefined {
  if (text === undefined) return undefined;
  try {
    const { cpu, memory } = JSON.parse(text) as { readonly cpu?: unknown; readonly memory?: unknown };
    return { cpuMilli: parseCpuMilli(String(cpu)), memoryBytes: parseMemoryBytes(String(memory)) };
  } catch {
    return undefined;
  }
}

// We are its only writer: what cannot be read is written anew, and the proxy keeps what it was told before.
function sharesOf(text: string | undefined): Shares | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeShares(text);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function isReadyCondition({ type, status }: ApiCondition): boolean {
  return type === "Ready" && status === "True";
}

interface ApiResizingPod {
  readonly metadata?: {
    readonly generation?: number;
    readonly ownerReferences?: readonly { readonly kind?: string; readonly name: string }[];
  };
  readonly status?: {
    readonly podIP?: string;
    readonly conditions?: readonly (ApiCondition & { readonly observedGeneration?: number })[] | null;
  };
}

function isDaemonSet({ kind }: { readonly kind?: string }): boolean {
  return kind === "DaemonSet";
}

// A condition that speaks of an earlier spec says nothing about this one.
function pendingReason({ metadata, status }: ApiResizingPod): string | undefined {
  const pending = status?.conditions?.find(({ type }) => type === "PodResizePending");
  const { observedGeneration = Infinity, reason } = pending ?? {};
  return observedGeneration < (metadata?.generation ?? 0) ? undefined : reason;
}

function limitsOf({ resources }: ApiContainer): ProxyPod["limits"] {
  const { cpu, memory } = resources?.limits ?? {};
  return {
    ...(cpu === undefined ? {} : { cpuMilli: parseCpuMilli(cpu) }),
    ...(memory === undefined ? {} : { memoryBytes: parseMemoryBytes(memory) }),
  };
}
