// Where a collection, an object or a subresource lives in the Kubernetes API.

import { assert } from "#model/assert.ts";

/** One kind of object; the core group has no name. */
export interface ResourceKind {
  readonly group?: string;
  readonly version: string;
  /** Plural and lower case, as in the path. */
  readonly resource: string;
}

export interface ResourceLocation extends ResourceKind {
  /** Absent for cluster-scoped kinds and for a collection across all namespaces. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** The path of a collection (no name), an object, or an object's subresource. */
export function resourcePath(location: ResourceLocation): string {
  const { group, version, resource, namespace, name, subresource } = location;
  assert(subresource === undefined || name !== undefined, "a subresource belongs to a named object");
  const segments = group === undefined || group === "" ? ["api", version] : ["apis", group, version];
  if (namespace !== undefined) segments.push("namespaces", namespace);
  segments.push(resource);
  if (name !== undefined) segments.push(name);
  if (subresource !== undefined) segments.push(subresource);
  return `/${segments.map(encodeURIComponent).join("/")}`;
}

export const PODS = { version: "v1", resource: "pods" } as const satisfies ResourceKind;
export const NODES = { version: "v1", resource: "nodes" } as const satisfies ResourceKind;
export const CONFIG_MAPS = { version: "v1", resource: "configmaps" } as const satisfies ResourceKind;
export const EVENTS = { version: "v1", resource: "events" } as const satisfies ResourceKind;
export const REPLICA_SETS = {
  group: "apps",
  version: "v1",
  resource: "replicasets",
} as const satisfies ResourceKind;
export const STATEFUL_SETS = {
  group: "apps",
  version: "v1",
  resource: "statefulsets",
} as const satisfies ResourceKind;
export const DAEMON_SETS = {
  group: "apps",
  version: "v1",
  resource: "daemonsets",
} as const satisfies ResourceKind;
export const JOBS = { group: "batch", version: "v1", resource: "jobs" } as const satisfies ResourceKind;
export const SERVICES = { version: "v1", resource: "services" } as const satisfies ResourceKind;
export const ENDPOINT_SLICES = {
  group: "discovery.k8s.io",
  version: "v1",
  resource: "endpointslices",
} as const satisfies ResourceKind;
export const LEASES = {
  group: "coordination.k8s.io",
  version: "v1",
  resource: "leases",
} as const satisfies ResourceKind;
export const MESH_PROFILES = {
  group: "berth.dev",
  version: "v1alpha1",
  resource: "meshprofiles",
} as const satisfies ResourceKind;
export const NODE_PROXY_AUTOSCALERS = {
  group: "berth.dev",
  version: "v1alpha1",
  resource: "nodeproxyautoscalers",
} as const satisfies ResourceKind;
/** Upstream's, where its definitions are installed. */
export const VERTICAL_POD_AUTOSCALERS = {
  group: "autoscaling.k8s.io",
  version: "v1",
  resource: "verticalpodautoscalers",
} as const satisfies ResourceKind;
export const VERTICAL_POD_AUTOSCALER_CHECKPOINTS = {
  group: "autoscaling.k8s.io",
  version: "v1",
  resource: "verticalpodautoscalercheckpoints",
} as const satisfies ResourceKind;
/** Usage per pod, served by metrics-server: no watch, no paging. */
export const POD_METRICS = {
  group: "metrics.k8s.io",
  version: "v1beta1",
  resource: "pods",
} as const satisfies ResourceKind;
