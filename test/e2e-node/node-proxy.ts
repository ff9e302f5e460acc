// The node's proxy, or any DaemonSet's pod, as the API server, kubelet and the kernel know it.

import type { Resources } from "#model/resources.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { NODES, resourcePath } from "#kube/resource-path.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import { PROXY_LABEL } from "#model/app.ts";
import { KUBELET_NODE } from "#test/e2e/control-plane.ts";
import { decodeProxyPod, type ProxyPod } from "#vpa-recommender/shell/proxy-pod.ts";
import { type ContainerGroup, containerGroup } from "./control-groups.ts";
import { type NodeCluster, SYSTEM_NAMESPACE } from "./node-cluster.ts";
import { type ContainerResources, isReady, type Pod } from "./pod.ts";

export interface NodeProxy {
  readonly pod: Pod;
  readonly view: ProxyPod;
  readonly restartCount: number;
  readonly containerId: string;
  /** What kubelet says the container has. */
  readonly actual: ContainerResources;
  readonly group: ContainerGroup;
}

/** @throws Error if there is not exactly one proxy pod, running. */
export function nodeProxy(cluster: NodeCluster): Promise<NodeProxy> {
  return onlyPod(cluster, { namespace: SYSTEM_NAMESPACE, labelSelector: PROXY_LABEL });
}

/** @throws Error if there is not exactly one pod of the labels, running. */
export async function onlyPod(
  cluster: NodeCluster,
  { namespace, labelSelector }: { readonly namespace: string; readonly labelSelector: string },
): Promise<NodeProxy> {
  const [pod, ...others] = await cluster.pods(namespace, { labelSelector });
  const [status] = pod?.status.containerStatuses ?? [];
  const containerId = status?.containerID?.replace("containerd://", "");
  if (pod === undefined || status === undefined || containerId === undefined || others.length > 0)
    throw new Error(`there is not exactly one pod of ${labelSelector} with a container`);
  return {
    pod,
    view: decodeProxyPod(pod),
    restartCount: status.restartCount,
    containerId,
    actual: status.resources ?? {},
    group: containerGroup(pod.metadata.uid, containerId),
  };
}

/** Whether the kernel holds what the API server has been asked for. */
export function isActuated({ view, group }: NodeProxy): boolean {
  const { cpuMilli } = view.requests;
  const { cpuMilli: cpuMilliMax, memoryBytes: memoryBytesMax } = view.limits;
  return (
    view.pendingResize === undefined &&
    group.cpuShares === sharesOf(cpuMilli) &&
    (cpuMilliMax === undefined || group.cpuQuotaMicros === quotaOf(cpuMilliMax)) &&
    (memoryBytesMax === undefined || group.memoryLimitBytes === memoryBytesMax)
  );
}

/** As kubelet turns millicores into shares of a control group. */
function sharesOf(cpuMilli: number): number {
  return Math.floor((cpuMilli * 1024) / 1000);
}

/** Microseconds of CPU in a period of 100 ms. */
export function quotaOf(cpuMilli: number): number {
  return cpuMilli * 100;
}

/** The DaemonSet's new pod, once there is no other and it is ready. */
export async function proxyRolledOut(cluster: NodeCluster, before: NodeProxy): Promise<NodeProxy> {
  await cluster.until(async () => {
    const pods = await cluster.pods(SYSTEM_NAMESPACE, { labelSelector: PROXY_LABEL });
    return (
      pods.length === 1 && pods.every((pod) => pod.metadata.uid !== before.pod.metadata.uid && isReady(pod))
    );
  }, "the DaemonSet's new pod");
  return nodeProxy(cluster);
}

/** What the node has left, beside all that its pods request. */
export async function roomOnNode(cluster: NodeCluster): Promise<Resources> {
  const { cpu, memory } = await allocatable(cluster);
  const pods = (await cluster.pods())
    .filter(
      ({ spec, status }) =>
        spec.nodeName === KUBELET_NODE && !["Failed", "Succeeded"].includes(status.phase ?? ""),
    )
    .map(decodePod);
  const requested = pods.reduce(
    (sum, { request }) => ({
      cpuMilli: sum.cpuMilli + request.cpuMilli,
      memoryBytes: sum.memoryBytes + request.memoryBytes,
    }),
    { cpuMilli: 0, memoryBytes: 0 },
  );
  return {
    cpuMilli: parseCpuMilli(cpu, "down") - requested.cpuMilli,
    memoryBytes: parseMemoryBytes(memory, "down") - requested.memoryBytes,
  };
}

export async function allocatable({ connection }: NodeCluster): Promise<{ cpu: string; memory: string }> {
  const node = (await connection.get(resourcePath({ ...NODES, name: KUBELET_NODE }))) as {
    status: { allocatable: { cpu: string; memory: string } };
  };
  return node.status.allocatable;
}
