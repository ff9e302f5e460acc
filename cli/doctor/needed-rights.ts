// What each component has to be allowed in any installation: the rights of manifests/base but for those to the one object
// of a name. A test holds the two together.

export interface NeededRight {
  readonly verbs: readonly string[];
  readonly group: string;
  /** With its subresource, as RBAC writes it. */
  readonly resource: string;
  /** In Berth's own namespace alone; else in the whole cluster. */
  readonly isLocal?: true;
}

const WATCHED = ["list", "watch"] as const;

/** By service account. */
export const NEEDED_RIGHTS: Readonly<Record<string, readonly NeededRight[]>> = {
  "berth-scheduler-extender": [
    { verbs: WATCHED, group: "", resource: "nodes" },
    { verbs: WATCHED, group: "", resource: "pods" },
    { verbs: WATCHED, group: "apps", resource: "replicasets" },
    { verbs: WATCHED, group: "apps", resource: "statefulsets" },
    { verbs: WATCHED, group: "batch", resource: "jobs" },
    { verbs: WATCHED, group: "berth.dev", resource: "meshprofiles" },
    { verbs: ["create"], group: "", resource: "events" },
    { verbs: ["create", "patch"], group: "berth.dev", resource: "meshprofiles" },
    { verbs: ["patch"], group: "berth.dev", resource: "meshprofiles/status" },
    { verbs: WATCHED, group: "", resource: "services" },
    {
      verbs: [...WATCHED, "create", "update", "delete"],
      group: "discovery.k8s.io",
      resource: "endpointslices",
    },
    { verbs: ["create"], group: "coordination.k8s.io", resource: "leases", isLocal: true },
    { verbs: ["patch"], group: "", resource: "pods", isLocal: true },
  ],
  "berth-vpa-recommender": [
    { verbs: WATCHED, group: "", resource: "nodes" },
    { verbs: WATCHED, group: "", resource: "pods" },
    { verbs: WATCHED, group: "berth.dev", resource: "meshprofiles" },
    { verbs: ["patch"], group: "berth.dev", resource: "meshprofiles/status" },
    { verbs: WATCHED, group: "berth.dev", resource: "nodeproxyautoscalers" },
    { verbs: ["patch"], group: "berth.dev", resource: "nodeproxyautoscalers/status" },
    { verbs: ["list", "get"], group: "apps", resource: "daemonsets" },
    { verbs: ["list"], group: "metrics.k8s.io", resource: "pods" },
    { verbs: ["patch"], group: "", resource: "pods/resize", isLocal: true },
    { verbs: ["patch"], group: "", resource: "pods", isLocal: true },
    { verbs: ["create", "patch"], group: "", resource: "events", isLocal: true },
    { verbs: ["create"], group: "", resource: "configmaps", isLocal: true },
    { verbs: ["create"], group: "coordination.k8s.io", resource: "leases", isLocal: true },
  ],
  "berth-proxy": [
    { verbs: WATCHED, group: "", resource: "pods" },
    { verbs: WATCHED, group: "berth.dev", resource: "meshprofiles" },
    { verbs: WATCHED, group: "discovery.k8s.io", resource: "endpointslices" },
  ],
};
