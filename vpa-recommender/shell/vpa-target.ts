// Which pods a VPA speaks of: those that the selector of its target's object selects. A custom kind says it by its scale
// subresource, as it does to every autoscaler.

import { z } from "zod";
import { isNotFound, KubeApiError } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { type ScaledKind, scaledKind } from "./scaled-kind.ts";
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
  if (apiVersion !== "apps/v1" || resource === undefined) return scaledPods(connection, namespace, target);
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

async function scaledPods(
  connection: Pick<KubeConnection, "get">,
  namespace: string,
  { apiVersion, kind, name }: VpaTarget,
): Promise<TargetPods> {
  const found = await scaledKind(connection, apiVersion, kind);
  if (typeof found === "string") return unknown(`targetRef names a ${kind} of ${apiVersion}: ${found}`);
  const path = resourcePath({ ...found, namespace, name, subresource: "scale" } satisfies Located);
  try {
    const labelSelector = scale.parse(await connection.get(path)).status?.selector ?? "";
    if (labelSelector !== "") return { kind: "selected", labelSelector, selector: [] };
    return unknown(`the scale of ${kind} ${name} has no status.selector; its controller is to write one`);
  } catch (error) {
    if (isNotFound(error)) return unknown(`there is no ${kind} ${name}; what is known of its pods is kept`);
    if (error instanceof z.ZodError) return unknown(`the scale of ${kind} ${name} is none`);
    if (error instanceof KubeApiError && error.status === 403)
      return unknown(`the recommender may not read the scale of ${kind} ${name}: ${SCALE_RIGHT}`);
    throw error;
  }
}

type Located = ScaledKind & {
  readonly namespace: string;
  readonly name: string;
  readonly subresource: "scale";
};

const SCALE_RIGHT = "components/scaled-kinds of its manifests lets it";
/** A longer one is no selector of labels. */
const SELECTOR_CHARS_MAX = 4_096;

// Keys that Berth does not read are the API's business.
const scale = z.object({
  status: z.object({ selector: z.string().max(SELECTOR_CHARS_MAX).optional() }).nullish(),
});

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
