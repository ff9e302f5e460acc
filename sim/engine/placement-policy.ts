// What a placement policy is to the replay. One policy is one file that exports a PlacementPolicy, and one line in
// policies.ts.

import type { NodeName } from "#model/brand.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Random } from "../seeded-random.ts";
import type { ClusterObserver, ReplayCluster } from "./replay-cluster.ts";
import type { MeshModel, ReplayPod } from "./replay-pod.ts";

export interface PlacementPolicy {
  readonly name: string;
  readonly summary: string;
  readonly mesh: MeshModel;
  /** A placer for one run, before the cluster has any node. */
  start(context: PolicyContext): Placer;
}

export interface PolicyContext {
  readonly cluster: ReplayCluster;
  readonly clock: Clock;
  /** For ties that the policy leaves open. */
  readonly random: Random;
  /** Pods that a node's kubelet takes, the proxy's own included. */
  readonly podsPerNodeMax: number;
}

/** Chooses nodes; it sees the cluster change, and changes nothing in it but promises of its own. */
export interface Placer extends ClusterObserver {
  /** The node for the pod, which is bound there at once; undefined if the pod has to wait. */
  place(pod: ReplayPod): NodeName | undefined;
  /** May the node take the pod now? Asked of nodes with new room before a waiting pod is placed again. */
  accepts(name: NodeName, pod: ReplayPod): boolean;
  /** Where bindings are seen late: the pod was decided to go there. Only for placers with another ledger than the cluster's. */
  promised?(pod: ReplayPod, name: NodeName): void;
  /** It does not run there after all. */
  promiseEnded?(pod: ReplayPod, name: NodeName): void;
  /** How many times a node was weighed for a pod so far. */
  readonly evaluations: number;
}
