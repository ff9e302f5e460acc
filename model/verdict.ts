// Why a node does not take a pod. Constant texts without numbers: kube-scheduler groups nodes by identical text, and a
// changing message would requeue the pod in a loop. Numbers belong to explanations.

export const REJECTIONS = {
  nodeUnknown: {
    message: "node is not known to Berth yet",
    help: "The extender has not seen this node in its watch; it is retried as soon as it has.",
    isResolvable: true,
  },
  appDoesNotFit: {
    message: "insufficient free resources once promised pods are counted",
    help: "The pod's own request does not fit beside the pods that are bound or promised to the node.",
    isResolvable: true,
  },
  meshShareDoesNotFit: {
    message: "insufficient resources for the pod and its share of the node proxy",
    help: "The pod fits, but the node's proxy could not grow by what the pod makes it cost. Preempting pods cannot help kube-scheduler here.",
    isResolvable: false,
  },
  awaitsVictims: {
    message: "pods preempted for this pod still hold their room",
    help: "kube-scheduler nominated this node and preempted pods on it; the pod fits once they are gone. Reported as resolvable so that kube-scheduler waits instead of preempting on another node as well.",
    isResolvable: true,
  },
  proxyAbsent: {
    message: "node has no proxy",
    help: "No node proxy pod runs on this node; check the DaemonSet's node selector and tolerations.",
    isResolvable: false,
  },
  proxyNotReady: {
    message: "node proxy is not ready",
    help: "The node's proxy pod is not Ready; mesh pods wait for it.",
    isResolvable: false,
  },
  appLimitReached: {
    message: "node has as many pods of the app as its profile allows",
    help: "MeshProfile spec.placement.maxPodsPerNode is reached on this node.",
    isResolvable: false,
  },
  zoneLimitReached: {
    message: "zone has as many pods of the app as its profile allows",
    help: "MeshProfile spec.placement.maxPodsPerZone is reached in the node's zone (topology.kubernetes.io/zone), pods that are promised there included.",
    isResolvable: false,
  },
} as const satisfies Record<string, RejectionEntry>;

export type Rejection = keyof typeof REJECTIONS;

interface RejectionEntry {
  readonly message: string;
  readonly help: string;
  /** False where preempting pods on the node cannot make kube-scheduler's next try succeed. */
  readonly isResolvable: boolean;
}
