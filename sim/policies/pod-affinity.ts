// What pods may wish about other pods (core/v1 PodAffinity and PodAntiAffinity), flat.

import type { LabelSelector } from "./label-selector.ts";

/** A pod's wishes about others; absent lists are empty. */
export interface PodAffinity {
  readonly required?: readonly AffinityTerm[];
  readonly requiredApart?: readonly AffinityTerm[];
  readonly preferred?: readonly WeightedAffinityTerm[];
  readonly preferredApart?: readonly WeightedAffinityTerm[];
}

export interface AffinityTerm {
  readonly labelSelector?: LabelSelector;
  /** Label of nodes: those that are equal in it are one place. */
  readonly topologyKey: string;
  /** Where it looks for pods; "all", or absent for the namespace of the pod whose wish it is. */
  readonly namespaces?: readonly string[] | "all";
}

export interface WeightedAffinityTerm {
  /** 1 to 100. */
  readonly weight: number;
  readonly term: AffinityTerm;
}
