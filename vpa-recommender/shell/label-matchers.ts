// A Kubernetes label selector as matchers of PromQL on kube_pod_labels, which carries each label of a pod under its name
// with everything but letters, digits and underscores replaced.

import { anyOf, quoted } from "./prometheus-client.ts";

export interface LabelRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

export type LabelMatcher = string;

export function labelMatchers(selector: readonly LabelRequirement[]): readonly LabelMatcher[] {
  return selector.map(({ key, operator, values }) => {
    const label = `label_${key.replaceAll(/[^a-zA-Z0-9_]/g, "_")}`;
    switch (operator) {
      case "Exists":
        return `${label}!=${quoted("")}`;
      case "DoesNotExist":
        return `${label}=${quoted("")}`;
      case "NotIn":
        return `${label}!~${anyOf(values)}`;
      default:
        return `${label}=~${anyOf(values)}`;
    }
  });
}
