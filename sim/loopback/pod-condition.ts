// Conditions in a pod's status: set, read and removed by type.

import { listOf, objectOf } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";

export type PodCondition = JsonObject & {
  readonly type: string;
  readonly status: "True" | "False";
  readonly lastTransitionTime: string;
};

/** The status with the condition in place of the one of its type; its transition time stays if its status does. */
export function withCondition(status: JsonObject, condition: PodCondition): JsonObject {
  const previous = conditionOf(status, condition.type);
  const isSameStatus = previous !== undefined && previous["status"] === condition.status;
  const lastTransitionTime = isSameStatus ? previous["lastTransitionTime"] : condition.lastTransitionTime;
  const next = { lastProbeTime: null, ...condition, lastTransitionTime };
  const conditions = listOf(status["conditions"]);
  const isOther = (item: Json): boolean => objectOf(item)["type"] !== condition.type;
  return { ...status, conditions: [...conditions.filter(isOther), next] };
}

export function withoutCondition(status: JsonObject, type: string): JsonObject {
  if (conditionOf(status, type) === undefined) return status;
  return {
    ...status,
    conditions: listOf(status["conditions"]).filter((item) => objectOf(item)["type"] !== type),
  };
}

export function conditionOf(status: JsonObject | undefined, type: string): JsonObject | undefined {
  return listOf(status?.["conditions"])
    .map(objectOf)
    .find((condition) => condition["type"] === type);
}
