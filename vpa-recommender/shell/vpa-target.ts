// Which pods a VPA speaks of: those that the selector of its target's object selects.

import { isNotFound } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { resourcePath } from "#kube/resource-path.ts";
import type { LabelRequirement } from "./label-matchers.ts";
import type { VpaTarget } from "./vpa-object.ts";

export type TargetPods =
  | {
      readonly kind: "selected";
      readonly labelSelector: string;
      readonly selector: readonly LabelRequirement[];
    }
  | { readonly kind: "unknown"; readonly message: string };

/** Controllers of pods that have a selector in their spec. */
const RESOURCES: Readonly<Record<string, string>> = {
  DaemonSet: "daemonsets",
  Deployment: "deployments",
  ReplicaSet: "replicasets",
  StatefulSet: "statefulsets",
};

/** @throws OperationError if the API server is away or refuses. */
export async function targetPods(
  connection: Pick<KubeConnection, "get">,
  namespace: string,
  target: VpaTarget | undefined,
): Promise<TargetPods> {
  if (target === undefined) return unknown("spec.targetRef is not set");
  const { apiVersion, kind, name } = target;
  const resource = RESOURCES[kind];
  if (apiVersion !== "apps/v1" || resource === undefined)
    return unknown(
      `targetRef names a ${kind} of ${apiVersion}; of apps/v1 ${Object.keys(RESOURCES).join(", ")} are read`,
    );
  try {
    const path = resourcePath({ group: "apps", version: "v1", resource, namespace, name });
    const { spec } = (await connection.get(path)) as {
      readonly spec?: { readonly selector?: LabelSelector };
    };
    const selector = requirementsOf(spec?.selector ?? {});
    return { kind: "selected", labelSelector: selectorText(selector), selector };
  } catch (error) {
    if (isNotFound(error)) return unknown(`there is no ${kind} ${name}; what is known of its pods is kept`);
    throw error;
  }
}

interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[] | null;
  }[];
}

function requirementsOf({
  matchLabels = {},
  matchExpressions = [],
}: LabelSelector): readonly LabelRequirement[] {
  const labels = Object.entries(matchLabels).map(([key, value]) => ({
    key,
    operator: "In",
    values: [value],
  }));
  const expressions = matchExpressions.map(({ key, operator, values }) => ({
    key,
    operator,
    values: values ?? [],
  }));
  return [...labels, ...expressions];
}

function selectorText(selector: readonly LabelRequirement[]): string {
  return selector
    .map(({ key, operator, values }) => {
      if (operator === "Exists") return key;
      if (operator === "DoesNotExist") return `!${key}`;
      const [only] = values;
      if (operator === "In" && values.length === 1) return `${key}=${only}`;
      return `${key} ${operator === "In" ? "in" : "notin"} (${values.join(",")})`;
    })
    .join(",");
}

function unknown(message: string): TargetPods {
  return { kind: "unknown", message };
}
