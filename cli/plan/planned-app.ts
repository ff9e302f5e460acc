// Which app a pod of a cluster without Berth would belong to: its labels say so, else its controller does.

import { type Labels, appName, appOf } from "#model/app.ts";
import type { AppName } from "#model/brand.ts";

/** Labels of older habits, tried after Berth's own and the recommended one. */
const APP_LABELS_OF_OLD = ["app", "k8s-app"] as const;
const TEMPLATE_HASH_LABEL = "pod-template-hash";

export interface OwnedPod {
  readonly namespace?: string;
  readonly name?: string;
  readonly labels?: Labels;
  readonly ownerReferences?: readonly Owner[];
}

interface Owner {
  readonly uid: string;
  readonly controller?: boolean;
  readonly kind?: string;
  readonly name?: string;
}

/** `namespace/name`; a pod without labels and controller is an app of its own. */
export function plannedApp({
  namespace = "default",
  name = "",
  labels = {},
  ownerReferences,
}: OwnedPod): AppName {
  const labelled = appOf(namespace, labels);
  if (labelled !== undefined) return labelled;
  for (const label of APP_LABELS_OF_OLD) {
    const value = labels[label];
    if (value !== undefined && value !== "") return appName(namespace, value);
  }
  const owner = controllerOf(ownerReferences);
  if (owner?.name === undefined) return appName(namespace, name);
  // A Deployment's ReplicaSet is called after it, with the template's hash behind.
  const hash = labels[TEMPLATE_HASH_LABEL];
  const suffix = `-${hash ?? ""}`;
  const isOfDeployment = owner.kind === "ReplicaSet" && hash !== undefined && owner.name.endsWith(suffix);
  return appName(namespace, isOfDeployment ? owner.name.slice(0, -suffix.length) : owner.name);
}

/** The pod belongs to its node: a DaemonSet's, or a static one, whose mirror the node itself owns. */
export function belongsToNode({ ownerReferences }: OwnedPod): boolean {
  const kind = controllerOf(ownerReferences)?.kind;
  return kind === "DaemonSet" || kind === "Node";
}

function controllerOf(owners: readonly Owner[] | undefined): Owner | undefined {
  return owners?.find(({ controller }) => controller === true);
}
