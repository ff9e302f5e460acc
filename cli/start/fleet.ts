// The simulated fleet's objects, as they stand in a cluster before the first pod comes: nodes, the proxies' DaemonSet
// and its pods, the injection webhook.

import { MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { formatCpu, formatMemory } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import type { ObjectStore } from "#sim/loopback/object-store.ts";
import { POD_IP_ANNOTATION } from "#sim/loopback/pod-addresses.ts";
import { UsageError } from "#runtime/usage-error.ts";

export interface FleetOptions {
  readonly nodes: number;
  readonly nodeSize: Resources;
  /** Addresses of the nodes that real proxy processes serve, in order; the rest is simulated. */
  readonly realAddresses: readonly string[];
  /** Where a simulated node's proxy is asked what it uses; undefined if nowhere. */
  readonly proxyAddress: (index: number) => string | undefined;
}

export const SYSTEM_NAMESPACE = "berth-system";
export const TRACE_NAMESPACE = "trace";
export const EXAMPLE_NAMESPACE = "shop";

/** What a proxy without instances costs, measured for the proxy of this repository and rounded up. */
export const PROXY_BASE: Resources = { cpuMilli: 100, memoryBytes: 128 * 1024 ** 2 };
/** Base and the recommender's least headroom: what new nodes start with. */
const PROXY_TEMPLATE: Resources = { cpuMilli: 150, memoryBytes: 192 * 1024 ** 2 };
/** Keeps replayed pods, which nothing serves, off the nodes with real proxies. */
const EXAMPLE_TAINT = { key: "berth.dev/example", value: "only", effect: "NoSchedule" };
const ZONES = ["zone-a", "zone-b", "zone-c"];
const PODS_PER_NODE_MAX = 250;

export function nodeName(index: number): string {
  return `node-${String(index).padStart(4, "0")}`;
}

export function proxyPodName(index: number): string {
  return `berth-proxy-${nodeName(index)}`;
}

/**
 * @throws UsageError if a node cannot even hold its proxy, or no node is left for the trace.
 */
export function createFleet(store: ObjectStore, options: FleetOptions): void {
  checkFleet(options);
  for (const name of [SYSTEM_NAMESPACE, TRACE_NAMESPACE, EXAMPLE_NAMESPACE]) {
    store.create("namespaces", {
      metadata: { name, labels: { [MESH_LABEL]: MESH_ENABLED } },
      spec: {},
      status: {},
    });
  }
  const template = proxyTemplate();
  const daemonSet = store.create("daemonsets", {
    metadata: { name: "berth-proxy", namespace: SYSTEM_NAMESPACE },
    spec: { selector: { matchLabels: { [PROXY_LABEL]: "berth" } }, template },
    status: {},
  });
  for (let index = 0; index < options.nodes; index++) {
    createNode(store, index, options);
    const address = index < options.realAddresses.length ? undefined : options.proxyAddress(index);
    store.create("pods", proxyPod({ index, template, daemonSetUid: daemonSet.metadata.uid, address }));
  }
}

/** Has the API server ask the extender about every mesh pod that is created. */
export function createInjectionWebhook(store: ObjectStore, extenderUrl: string): void {
  store.create("mutatingwebhookconfigurations", {
    metadata: { name: "berth-injection" },
    webhooks: [
      {
        name: "inject.berth.dev",
        clientConfig: { url: `${extenderUrl}/mutate` },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
        namespaceSelector: { matchLabels: { [MESH_LABEL]: MESH_ENABLED } },
        objectSelector: { matchExpressions: [{ key: PROXY_LABEL, operator: "DoesNotExist" }] },
        failurePolicy: "Ignore",
        sideEffects: "NoneOnDryRun",
        admissionReviewVersions: ["v1"],
        timeoutSeconds: 2,
      },
    ],
  });
}

/** Lets a pod of the examples run on the node with this index, and nowhere else. */
export function examplePlacement(index: number): object {
  return {
    nodeSelector: { "kubernetes.io/hostname": nodeName(index) },
    tolerations: [{ ...EXAMPLE_TAINT, operator: "Equal" }],
  };
}

function checkFleet({ nodes, nodeSize, realAddresses }: FleetOptions): void {
  if (nodes <= realAddresses.length) {
    throw new UsageError(
      `--nodes: ${realAddresses.length} of the nodes run the examples, so at least ${realAddresses.length + 1} are needed`,
    );
  }
  if (nodeSize.cpuMilli <= PROXY_TEMPLATE.cpuMilli || nodeSize.memoryBytes <= PROXY_TEMPLATE.memoryBytes) {
    const least = `${formatCpu(PROXY_TEMPLATE.cpuMilli)},${formatMemory(PROXY_TEMPLATE.memoryBytes)}`;
    throw new UsageError(`--node-size: a node must be larger than its proxy, which starts with ${least}`);
  }
}

function createNode(store: ObjectStore, index: number, { nodeSize, realAddresses }: FleetOptions): void {
  const name = nodeName(index);
  const zone = ZONES[index % ZONES.length] ?? "zone-a";
  const address = realAddresses[index];
  const size = {
    cpu: formatCpu(nodeSize.cpuMilli),
    memory: formatMemory(nodeSize.memoryBytes),
    pods: String(PODS_PER_NODE_MAX),
  };
  store.create("nodes", {
    metadata: { name, labels: { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone } },
    spec: address === undefined ? {} : { taints: [EXAMPLE_TAINT] },
    status: {
      capacity: size,
      allocatable: size,
      addresses: [{ type: "InternalIP", address: address ?? `10.255.${index >> 8}.${index & 255}` }],
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }],
    },
  });
}

type PodTemplate = {
  readonly metadata: { readonly labels: JsonObject; readonly annotations: JsonObject };
  readonly spec: JsonObject;
};

function proxyTemplate(): PodTemplate {
  const base = { cpu: formatCpu(PROXY_BASE.cpuMilli), memory: formatMemory(PROXY_BASE.memoryBytes) };
  const requests = {
    cpu: formatCpu(PROXY_TEMPLATE.cpuMilli),
    memory: formatMemory(PROXY_TEMPLATE.memoryBytes),
  };
  return {
    metadata: {
      labels: { [PROXY_LABEL]: "berth" },
      annotations: { "berth.dev/proxy-base": JSON.stringify(base) },
    },
    spec: {
      hostNetwork: true,
      containers: [{ name: "proxy", image: "berth/proxy", resources: { requests } }],
      tolerations: [{ operator: "Exists" }],
    },
  };
}

interface ProxyPodOptions {
  readonly index: number;
  readonly template: PodTemplate;
  readonly daemonSetUid: string;
  /** Other than its node's. */
  readonly address: string | undefined;
}

function proxyPod({ index, template, daemonSetUid, address }: ProxyPodOptions): JsonObject {
  const { metadata, spec } = template;
  const owner = {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    name: "berth-proxy",
    uid: daemonSetUid,
    controller: true,
  };
  return {
    metadata: {
      ...metadata,
      ...(address !== undefined && {
        annotations: { ...metadata.annotations, [POD_IP_ANNOTATION]: address },
      }),
      name: proxyPodName(index),
      namespace: SYSTEM_NAMESPACE,
      ownerReferences: [owner],
    },
    spec: { ...spec, nodeName: nodeName(index) },
    status: { phase: "Pending" },
  };
}
