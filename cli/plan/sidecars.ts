// Sidecars of the meshes in use, told by their containers' names, and pods as they would be without them.

import type { ApiContainer, ApiPod } from "#kube/decode-pod.ts";

/** What the meshes' injectors call their proxy container. */
export const KNOWN_SIDECARS: readonly string[] = [
  "istio-proxy",
  "linkerd-proxy",
  "consul-dataplane",
  "kuma-sidecar",
  "envoy-sidecar",
];

export interface BarePod {
  readonly pod: ApiPod;
  /** False if there was none, and `pod` is as it was. */
  readonly hadSidecar: boolean;
}

/** The pod without the containers of these names, native sidecars among the init containers included. */
export function withoutSidecar(pod: ApiPod, names: ReadonlySet<string>): BarePod {
  const isSidecar = ({ name }: Pick<ApiContainer, "name">): boolean => names.has(name);
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  if (![...containers, ...initContainers].some(isSidecar)) return { pod, hadSidecar: false };
  const others = <C extends Pick<ApiContainer, "name">>(
    list: readonly C[] | null | undefined,
  ): readonly C[] => (list ?? []).filter((container) => !isSidecar(container));
  const { status = {} } = pod;
  // What kubelet sums up for the whole pod has the sidecar in it: the containers speak for themselves.
  const { allocatedResources: _allocated, resources: _actuated, ...perContainer } = status;
  return {
    hadSidecar: true,
    pod: {
      ...pod,
      spec: { ...pod.spec, containers: others(containers), initContainers: others(initContainers) },
      status: {
        ...perContainer,
        containerStatuses: others(status.containerStatuses),
        initContainerStatuses: others(status.initContainerStatuses),
      },
    },
  };
}
