// What a CertificateSigningRequest keeps of a write: its spec never changes, whoever approves writes conditions alone,
// and whoever signs leaves approvals as they are. Source: pkg/registry/certificates/certificates/strategy.go.

import { invalid } from "./api-error.ts";
import { isJsonObject, listOf, objectOf } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import type { KubeObject } from "./kube-object.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";
import type { ResourceRoute } from "./route.ts";

/** The `approval` subresource. @throws ApiError Invalid for what is both approved and denied. */
export function approvedRequest(live: KubeObject, next: JsonObject): KubeObject {
  const conditions = conditionsOf(next);
  if (has(conditions, "Approved") && has(conditions, "Denied")) {
    const message = 'Invalid value: "Approved": Approved and Denied conditions are mutually exclusive';
    const cause = { reason: "FieldValueInvalid", message, field: "status.conditions" };
    throw invalid(RESOURCE_TYPES.certificatesigningrequests, live.metadata.name, [cause]);
  }
  return { ...live, status: { ...objectOf(live.status), conditions } };
}

/** The object itself, and its `status`. */
export function settledRequest(
  live: KubeObject,
  next: JsonObject,
  { subresource }: ResourceRoute,
): KubeObject {
  if (subresource === "") return { ...live, metadata: { ...live.metadata, ...labelsOf(next) } };
  const approvals = conditionsOf(live).filter((condition) => !isFailure(condition));
  const failures = conditionsOf(next).filter(isFailure);
  const { conditions: _replaced, ...rest } = objectOf(next["status"]);
  const conditions = [...approvals, ...failures];
  return { ...live, status: { ...rest, ...(conditions.length > 0 && { conditions }) } };
}

function labelsOf(next: JsonObject): JsonObject {
  const { labels, annotations } = objectOf(next["metadata"]);
  return { ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations }) };
}

function conditionsOf(object: JsonObject | KubeObject): readonly Json[] {
  return listOf(objectOf((object as JsonObject)["status"])["conditions"]);
}

function has(conditions: readonly Json[], type: string): boolean {
  return conditions.some((condition) => isJsonObject(condition) && condition["type"] === type);
}

function isFailure(condition: Json): boolean {
  return isJsonObject(condition) && condition["type"] === "Failed";
}
