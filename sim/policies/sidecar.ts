// The mesh that Berth is compared with: a proxy container in every pod. Two sizes of it, as transforms of requests.

import { addResources } from "#model/resources.ts";
import type { Resources } from "#model/resources.ts";

/** What the sidecar of a pod with this request of its own (without the sidecar) adds to it. */
export type SidecarSize = (appRequest: Resources) => Resources;

const MEMORY_DIVISOR = 4;

/**
 * The practice NodeSentry describes: a fixed quarter of the pod's memory. Here a quarter of what the app itself
 * requests comes on top, which is the smaller of the two readings (a quarter of the pod with its sidecar would be a
 * third of the app). No CPU is added: that sidecar has none of its own and competes with the app for the app's, which
 * favours the sidecar in a comparison of requests.
 */
export const quarterSidecar: SidecarSize = (appRequest) => ({
  cpuMilli: 0,
  memoryBytes: Math.ceil(appRequest.memoryBytes / MEMORY_DIVISOR),
});

/** The same size in every pod, such as Istio's default request of 100m and 128 MiB. */
export function fixedSidecar(size: Resources): SidecarSize {
  return () => size;
}

/** The pod as a sidecar mesh requests it: app and proxy in one. */
export function withSidecar<P extends { readonly request: Resources }>(pod: P, sidecar: SidecarSize): P {
  return { ...pod, request: addResources(pod.request, sidecar(pod.request)) };
}
