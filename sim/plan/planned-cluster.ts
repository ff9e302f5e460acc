// A cluster as it stands at one moment, for the question what it would look like with another mesh.

import type { NodeName } from "#model/brand.ts";
import type { NodeView, PodView } from "#model/cluster-view.ts";
import type { Correction } from "#model/correction.ts";
import type { MeshProfile } from "#model/mesh-profile.ts";
import type { UnjudgedConstraint } from "#model/placing-view.ts";
import type { PodWishes } from "#model/pod-wishes.ts";
import type { Resources } from "#model/resources.ts";

export interface PlannedCluster {
  /** With their traits: a node without is given no pod. */
  readonly nodes: readonly NodeView[];
  /** Pods that are not finished. Node proxies are left out: the plan puts its own. */
  readonly pods: readonly PlannedPod[];
  /** Of apps that do not take the default profile. */
  readonly profiles: readonly MeshProfile[];
  /** Of nodes whose proxies were measured; the others are taken at the model's word. */
  readonly corrections?: ReadonlyMap<NodeName, Correction>;
}

export interface PlannedPod {
  /** Its request is A, without a sidecar; its app is set if it is in the mesh, or to be. */
  readonly view: PodView;
  /** What its sidecar requests, or would request; nothing outside the mesh. */
  readonly sidecar: Resources;
  readonly wishes: PodWishes;
  readonly bond: PodBond | undefined;
}

/**
 * What keeps a pod on its node: `node` if it belongs to the node (of a DaemonSet, or static) and goes with it, else
 * something it asks for that the plan cannot weigh; such a pod stays, and so does its node.
 */
export type PodBond = "node" | UnjudgedConstraint;
