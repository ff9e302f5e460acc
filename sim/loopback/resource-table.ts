// The kinds the loopback API serves, and what differs between them. One generic handler reads this table.

export interface ResourceType {
  readonly plural: ResourceName;
  readonly singular: string;
  readonly kind: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly shortNames: readonly string[];
  readonly isNamespaced: boolean;
  /** Has a `status` subresource: a write to one side leaves the other alone. */
  readonly hasStatus: boolean;
  /** Status given at creation is dropped; nodes keep theirs. */
  readonly dropsStatusOnCreate: boolean;
  readonly hasGeneration: boolean;
  /** Defined by a CustomResourceDefinition: no strategic merge patch, stricter updates. */
  readonly isCustom: boolean;
  /** Whether a replace may come without a resourceVersion. */
  readonly allowsUnconditionalUpdate: boolean;
  /** Whether a replace creates what is not there. */
  readonly createsOnUpdate: boolean;
  /** Field selectors besides metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[];
}

export type ResourceName =
  | "nodes"
  | "namespaces"
  | "pods"
  | "events"
  | "configmaps"
  | "secrets"
  | "replicasets"
  | "statefulsets"
  | "jobs"
  | "daemonsets"
  | "leases"
  | "services"
  | "endpointslices"
  | "mutatingwebhookconfigurations"
  | "priorityclasses"
  | "certificatesigningrequests"
  | "meshprofiles"
  | "nodeproxyautoscalers"
  | "verticalpodautoscalers"
  | "verticalpodautoscalercheckpoints";

const UPSTREAM_VPA: Partial<ResourceType> = { group: "autoscaling.k8s.io", version: "v1" };

export const RESOURCE_TYPES: Readonly<Record<ResourceName, ResourceType>> = {
  nodes: built("nodes", "Node", {
    isNamespaced: false,
    hasStatus: true,
    dropsStatusOnCreate: false,
    hasGeneration: false,
    shortNames: ["no"],
    selectableFields: ["spec.unschedulable"],
  }),
  namespaces: built("namespaces", "Namespace", {
    isNamespaced: false,
    hasStatus: true,
    hasGeneration: false,
    allowsUnconditionalUpdate: false,
    shortNames: ["ns"],
    selectableFields: ["status.phase"],
  }),
  pods: built("pods", "Pod", {
    hasStatus: true,
    shortNames: ["po"],
    selectableFields: [
      "spec.nodeName",
      "spec.restartPolicy",
      "spec.schedulerName",
      "spec.serviceAccountName",
      "spec.hostNetwork",
      "status.phase",
      "status.podIP",
      "status.nominatedNodeName",
    ],
  }),
  events: built("events", "Event", {
    hasGeneration: false,
    createsOnUpdate: true,
    shortNames: ["ev"],
    selectableFields: [
      "involvedObject.kind",
      "involvedObject.namespace",
      "involvedObject.name",
      "involvedObject.uid",
      "involvedObject.apiVersion",
      "involvedObject.resourceVersion",
      "involvedObject.fieldPath",
      "reason",
      "reportingComponent",
      "type",
    ],
  }),
  configmaps: built("configmaps", "ConfigMap", { hasGeneration: false, shortNames: ["cm"] }),
  secrets: built("secrets", "Secret", { hasGeneration: false }),
  replicasets: built("replicasets", "ReplicaSet", { group: "apps", hasStatus: true, shortNames: ["rs"] }),
  statefulsets: built("statefulsets", "StatefulSet", { group: "apps", hasStatus: true, shortNames: ["sts"] }),
  jobs: built("jobs", "Job", { group: "batch", hasStatus: true }),
  daemonsets: built("daemonsets", "DaemonSet", { group: "apps", hasStatus: true, shortNames: ["ds"] }),
  leases: built("leases", "Lease", {
    group: "coordination.k8s.io",
    hasGeneration: false,
    allowsUnconditionalUpdate: false,
    createsOnUpdate: true,
  }),
  services: built("services", "Service", {
    hasStatus: true,
    hasGeneration: false,
    shortNames: ["svc"],
    selectableFields: ["spec.clusterIP", "spec.type"],
  }),
  endpointslices: built("endpointslices", "EndpointSlice", { group: "discovery.k8s.io" }),
  mutatingwebhookconfigurations: built("mutatingwebhookconfigurations", "MutatingWebhookConfiguration", {
    group: "admissionregistration.k8s.io",
    isNamespaced: false,
    allowsUnconditionalUpdate: false,
  }),
  priorityclasses: built("priorityclasses", "PriorityClass", {
    group: "scheduling.k8s.io",
    isNamespaced: false,
    shortNames: ["pc"],
  }),
  certificatesigningrequests: built("certificatesigningrequests", "CertificateSigningRequest", {
    group: "certificates.k8s.io",
    isNamespaced: false,
    hasStatus: true,
    hasGeneration: false,
    shortNames: ["csr"],
    selectableFields: ["spec.signerName"],
  }),
  meshprofiles: custom("meshprofiles", "MeshProfile"),
  nodeproxyautoscalers: custom("nodeproxyautoscalers", "NodeProxyAutoscaler"),
  verticalpodautoscalers: custom("verticalpodautoscalers", "VerticalPodAutoscaler", UPSTREAM_VPA),
  verticalpodautoscalercheckpoints: custom(
    "verticalpodautoscalercheckpoints",
    "VerticalPodAutoscalerCheckpoint",
    // Its status is no subresource.
    { ...UPSTREAM_VPA, hasStatus: false, dropsStatusOnCreate: false },
  ),
};

export function apiVersionOf(type: ResourceType): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** How messages name the resource: `pods`, `leases.coordination.k8s.io`. */
export function qualifiedName(type: ResourceType): string {
  return type.group === "" ? type.plural : `${type.plural}.${type.group}`;
}

function built(plural: ResourceName, kind: string, differences: Partial<ResourceType>): ResourceType {
  return {
    plural,
    kind,
    singular: kind.toLowerCase(),
    group: "",
    version: "v1",
    shortNames: [],
    isNamespaced: true,
    hasStatus: false,
    dropsStatusOnCreate: true,
    hasGeneration: true,
    isCustom: false,
    allowsUnconditionalUpdate: true,
    createsOnUpdate: false,
    selectableFields: [],
    ...differences,
  };
}

function custom(plural: ResourceName, kind: string, differences: Partial<ResourceType> = {}): ResourceType {
  return built(plural, kind, {
    group: "berth.dev",
    version: "v1alpha1",
    hasStatus: true,
    isCustom: true,
    allowsUnconditionalUpdate: false,
    ...differences,
  });
}
