// Which pods a VPA speaks of: those that the selector of its target's object selects.

import { isNotFound } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { resourcePath } from "#kube/resource-path.ts";
import type { VpaTarget } from "./vpa-object.ts";

export type TargetPods =
  | { readonly kind: "selected"; readonly labelSelector: string }
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
    return { kind: "selected", labelSelector: selectorText(spec?.selector ?? {}) };
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

function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const expressions = matchExpressions.map(({ key, operator, values }) => {
    if (operator === "Exists") return key;
    if (operator === "DoesNotExist") return `!${key}`;
    return `${key} ${operator === "In" ? "in" : "notin"} (${(values ?? []).join(",")})`;
  });
  return [...labels, ...expressions].join(",");
}

function unknown(message: string): TargetPods {
  return { kind: "unknown", message };
}
