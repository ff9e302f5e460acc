// core/v1 Pod → what one proxy of a node needs to know of another's pod.

import { proxyContainerIndex } from "#kube/proxy-container.ts";

import type { ProxyPodView } from "../policy/succession.ts";

/** Kubelet's reasons for a container that it is about to start; any other says that something is in the way. */
const REASONS_TO_START: ReadonlySet<string | undefined> = new Set([
  undefined,
  "ContainerCreating",
  "PodInitializing",
]);

/** @throws TypeError if the object has no uid or name. */
export function projectProxyPod(raw: unknown): ProxyPodView {
  const { metadata, spec, status } = raw as ApiPod;
  if (typeof metadata?.uid !== "string" || typeof metadata.name !== "string")
    throw new TypeError("a pod needs metadata.uid and metadata.name");
  const containers = spec?.containers ?? [];
  const container = containers[proxyContainerIndex(containers)];
  const kubelet = status?.containerStatuses?.find(({ name }) => name === container?.name);
  const isFinished = status?.phase === "Succeeded" || status?.phase === "Failed";
  return {
    uid: metadata.uid,
    name: metadata.name,
    ownerUid: metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid,
    isStarted: kubelet?.started === true,
    mayRun: kubelet?.state?.waiting === undefined || REASONS_TO_START.has(kubelet.state.waiting.reason),
    isLeaving: metadata.deletionTimestamp !== undefined || isFinished,
  };
}

interface ApiPod {
  readonly metadata?: {
    readonly uid?: string;
    readonly name?: string;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[] | null;
  };
  readonly spec?: { readonly containers?: readonly { readonly name: string }[] };
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly ApiContainerStatus[] | null;
  };
}

interface ApiContainerStatus {
  readonly name: string;
  readonly started?: boolean | null;
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}
