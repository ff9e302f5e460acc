// A pod's wishes about other pods, from the API's spelling into the model's.

import type { AffinityTerm, PodAffinity, WeightedAffinityTerm } from "../policies/pod-affinity.ts";
import type { LabelSelector } from "../policies/label-selector.ts";

export interface ApiPodAffinity {
  readonly podAffinity?: ApiTerms;
  readonly podAntiAffinity?: ApiTerms;
}

/** Undefined for a pod that wishes nothing about others. */
export function decodePodAffinity(affinity: ApiPodAffinity | null | undefined): PodAffinity | undefined {
  const beside = affinity?.podAffinity;
  const apart = affinity?.podAntiAffinity;
  const wishes: PodAffinity = {
    ...listed("required", beside?.requiredDuringSchedulingIgnoredDuringExecution?.map(decodeTerm)),
    ...listed("requiredApart", apart?.requiredDuringSchedulingIgnoredDuringExecution?.map(decodeTerm)),
    ...listed("preferred", beside?.preferredDuringSchedulingIgnoredDuringExecution?.map(decodeWeighted)),
    ...listed("preferredApart", apart?.preferredDuringSchedulingIgnoredDuringExecution?.map(decodeWeighted)),
  };
  return Object.keys(wishes).length === 0 ? undefined : wishes;
}

interface ApiTerms {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly ApiTerm[];
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
    readonly weight: number;
    readonly podAffinityTerm: ApiTerm;
  }[];
}

interface ApiTerm {
  readonly labelSelector?: LabelSelector;
  readonly topologyKey: string;
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
}

function listed<K extends string, T>(
  key: K,
  terms: readonly T[] | undefined,
): { readonly [P in K]?: readonly T[] } {
  return (terms === undefined || terms.length === 0 ? {} : { [key]: terms }) as {
    readonly [P in K]?: readonly T[];
  };
}

function decodeWeighted({
  weight,
  podAffinityTerm,
}: {
  readonly weight: number;
  readonly podAffinityTerm: ApiTerm;
}): WeightedAffinityTerm {
  return { weight, term: decodeTerm(podAffinityTerm) };
}

// The API server has merged matchLabelKeys and mismatchLabelKeys into the selector. Of selectors of namespaces only the
// empty one, which means all, needs no labels of namespaces.
function decodeTerm({
  labelSelector,
  topologyKey,
  namespaces = [],
  namespaceSelector,
}: ApiTerm): AffinityTerm {
  const isEverywhere =
    namespaceSelector !== undefined &&
    Object.keys(namespaceSelector.matchLabels ?? {}).length === 0 &&
    (namespaceSelector.matchExpressions ?? []).length === 0;
  const within = isEverywhere ? "all" : namespaces.length > 0 ? namespaces : undefined;
  return {
    topologyKey,
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(within === undefined ? {} : { namespaces: within }),
  };
}
