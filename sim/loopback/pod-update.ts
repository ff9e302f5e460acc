// What may change in a pod after its creation. Source: pkg/apis/core/validation, ValidatePodUpdate.

import { invalid } from "./api-error.ts";
import type { StatusCause } from "./api-error.ts";
import { equalJson, listOf, objectOf } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import type { KubeObject } from "./kube-object.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";

/**
 * Images, a deadline, further tolerations, and fewer scheduling gates; a gated pod's node selection as well.
 *
 * @throws ApiError Invalid
 */
export function checkPodUpdate(live: KubeObject, next: JsonObject): void {
  const before = objectOf(live.spec);
  const after = objectOf(next["spec"]);
  const causes = [...causesOfGates(before, after), ...causesOfTolerations(before, after)];
  if (causes.length === 0 && !equalJson(withMutablesOf(before, after), before)) {
    causes.push({ reason: "FieldValueForbidden", message: `Forbidden: ${MAY_CHANGE}`, field: "spec" });
  }
  if (causes.length > 0) throw invalid(RESOURCE_TYPES.pods, live.metadata.name, causes);
}

const MAY_CHANGE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

// The new spec with every field that may change put back to its old value: what still differs may not.
function withMutablesOf(before: JsonObject, after: JsonObject): JsonObject {
  const isGated = listOf(before["schedulingGates"]).length > 0;
  return {
    ...after,
    containers: withImagesOf(before["containers"], after["containers"]),
    initContainers: withImagesOf(before["initContainers"], after["initContainers"]),
    activeDeadlineSeconds: before["activeDeadlineSeconds"],
    tolerations: before["tolerations"],
    schedulingGates: before["schedulingGates"],
    ...(isGated && { nodeSelector: before["nodeSelector"], affinity: before["affinity"] }),
  };
}

function withImagesOf(before: Json | undefined, after: Json | undefined): Json | undefined {
  if (after === undefined) return undefined;
  const old = listOf(before);
  const withOldImage = (container: Json, index: number): Json => ({
    ...objectOf(container),
    image: objectOf(old[index])["image"],
  });
  return listOf(after).map(withOldImage);
}

function causesOfGates(before: JsonObject, after: JsonObject): StatusCause[] {
  const old = new Set(listOf(before["schedulingGates"]).map((gate) => objectOf(gate)["name"]));
  return listOf(after["schedulingGates"]).flatMap((gate) => {
    const { name } = objectOf(gate);
    if (old.has(name)) return [];
    const message = `Forbidden: only deletion is allowed, but found new scheduling gate '${String(name)}'`;
    return [{ reason: "FieldValueForbidden", message, field: "spec.schedulingGates" }];
  });
}

function causesOfTolerations(before: JsonObject, after: JsonObject): StatusCause[] {
  const kept = listOf(after["tolerations"]);
  const isLost = listOf(before["tolerations"]).some(
    (old) => !kept.some((toleration) => equalJson(old, toleration)),
  );
  if (!isLost) return [];
  const message = "Forbidden: existing toleration can not be modified except its tolerationSeconds";
  return [{ reason: "FieldValueForbidden", message, field: "spec.tolerations" }];
}
