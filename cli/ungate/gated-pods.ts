// Pods that are held back by Berth's scheduling gate, and the write that lets one go.

import { PLACEMENT_GATE } from "#model/placing-view.ts";
import { KubeApiError } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { listPages } from "#kube/list-pages.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { OperationError } from "#runtime/operation-error.ts";

export interface GatedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export type Ungating =
  | { readonly kind: "lifted" }
  /** The pod, or another by its name, is none that is held back any more. */
  | { readonly kind: "gone" }
  | { readonly kind: "failed"; readonly message: string };

/** An answer of some megabytes: pods are large. */
const PAGE_SIZE = 500;

/** @throws OperationError if the pods cannot be listed. */
export async function listGatedPods(
  connection: Pick<KubeConnection, "request">,
  namespace: string | undefined,
): Promise<readonly GatedPod[]> {
  const gated: GatedPod[] = [];
  const path = resourcePath({ ...PODS, namespace });
  // A gated pod has no node, which spares reading those of a whole cluster that runs.
  const query = { fieldSelector: "spec.nodeName=" };
  for await (const { items } of listPages(connection, { path, query, pageSize: PAGE_SIZE })) {
    for (const { metadata, spec } of items as readonly RawPod[]) {
      const isGated = spec?.schedulingGates?.some(({ name }) => name === PLACEMENT_GATE);
      if (isGated === true) gated.push(metadata);
    }
  }
  return gated.map(({ namespace, name, uid }) => ({ namespace, name, uid }));
}

/** Takes the gate off, others' gates stay. */
export async function ungate(
  connection: Pick<KubeConnection, "patch">,
  { namespace, name, uid }: GatedPod,
): Promise<Ungating> {
  // Gates are merged by name: nothing depends on what else was written meanwhile.
  const schedulingGates = [{ $patch: "delete", name: PLACEMENT_GATE }];
  const body = { metadata: { uid }, spec: { schedulingGates } };
  try {
    await connection.patch(resourcePath({ ...PODS, namespace, name }), body, { type: "strategic" });
    return { kind: "lifted" };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    // Not there, or made anew under its name.
    if (error instanceof KubeApiError && [404, 409, 422].includes(error.status)) return { kind: "gone" };
    return { kind: "failed", message: error.message };
  }
}

interface RawPod {
  readonly metadata: GatedPod;
  readonly spec?: { readonly schedulingGates?: readonly { readonly name: string }[] };
}
