// Unbound pods that the placement controller holds by its scheduling gate, or has sent on their way with a nomination.
// The annotation is written together with every nomination of Berth's, and taken away with it: it tells Berth's
// nominations from those kube-scheduler makes when it preempts, also to a controller that was just started.

import type { NodeName } from "./brand.ts";
import type { PodWishes } from "./pod-wishes.ts";

/** Keeps a pod from being scheduled until the placement controller has chosen its node. */
export const PLACEMENT_GATE = "berth.dev/placement";
/** The node that Berth nominated the pod to. */
export const NOMINATION_ANNOTATION = "berth.dev/nominated-node";

export interface PlacingView {
  /** Of the pod; writes are made on condition that it is still this one. */
  readonly resourceVersion: string;
  readonly createdAtMs: number | undefined;
  /** Where Berth's gate stands among the pod's gates; undefined once it is lifted. */
  readonly gateIndex: number | undefined;
  /** Somebody else's gate holds the pod as well. */
  readonly isHeldByOthers: boolean;
  /** The node that Berth nominated it to, whatever the nomination is now. */
  readonly chosenNode: NodeName | undefined;
  readonly wishes: PodWishes;
  /** Something that kube-scheduler will ask of the node and Berth cannot judge. */
  readonly unjudged: UnjudgedConstraint | undefined;
  /** Its preemptionPolicy lets it take the room of lesser pods. */
  readonly mayPreempt: boolean;
}

export type UnjudgedConstraint =
  | "podAffinity"
  | "podAntiAffinity"
  | "topologySpread"
  | "volumes"
  | "hostPorts"
  | "otherResources"
  | "resourceClaims"
  | "podGroup";
