// Carries out what the placement steps decide: one patch each, on condition that the pod is still the version it was
// decided on. The annotation goes into the same write as the nomination, which the status subresource permits.

import { NOMINATION_ANNOTATION, PLACEMENT_GATE } from "#model/placing-view.ts";
import { KubeApiError } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { EffectOutcome, NominateEffect } from "../policy/nominate-effect.ts";

export interface WriteAnswer {
  readonly outcome: EffectOutcome;
  /** What went wrong, if it failed. */
  readonly message?: string;
}

export async function writeEffect(
  connection: Pick<KubeConnection, "patch">,
  effect: NominateEffect,
): Promise<WriteAnswer> {
  try {
    await patch(connection, effect);
    return { outcome: "done" };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    const { message } = error;
    if (!(error instanceof KubeApiError)) return { outcome: "failed", message };
    if (error.status === 404) return { outcome: "gone" };
    // 409: another version; 422: a test of the JSON patch failed, or the name is another pod's by now.
    if (error.status === 409 || error.status === 422) return { outcome: "changed" };
    return { outcome: "failed", message };
  }
}

function patch(connection: Pick<KubeConnection, "patch">, effect: NominateEffect): Promise<unknown> {
  const { uid, namespace, name, resourceVersion } = effect.pod;
  const location = { ...PODS, namespace, name };
  if (effect.kind === "liftGate") {
    const gate = `/spec/schedulingGates/${effect.gateIndex}`;
    const operations = [
      { op: "test", path: "/metadata/uid", value: uid },
      { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
      { op: "test", path: `${gate}/name`, value: PLACEMENT_GATE },
      { op: "remove", path: gate },
    ];
    return connection.patch(resourcePath(location), operations, { type: "json" });
  }
  const node = effect.kind === "nominate" ? effect.node : null;
  const body = {
    metadata: { uid, resourceVersion, annotations: { [NOMINATION_ANNOTATION]: node } },
    status: { nominatedNodeName: node },
  };
  return connection.patch(resourcePath({ ...location, subresource: "status" }), body, { type: "merge" });
}
