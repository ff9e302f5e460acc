// The quality-of-service class of a pod: which pods suffer first, and who is served first by a deferred resize.
// Source: k8s.io/kubernetes/pkg/apis/core/v1/helper/qos/qos.go.

import { parseThousandths } from "#model/quantity.ts";
import { objectOf } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { containersOf } from "./pod-resources.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

export function qosClassOf(pod: JsonObject): QosClass {
  const podLevel = objectOf(objectOf(pod["spec"])["resources"]);
  const holders = hasAny(podLevel)
    ? [podLevel]
    : [...containersOf(pod), ...containersOf(pod, "initContainers")].map((container) =>
        objectOf(container["resources"]),
      );
  if (!holders.some(hasAny)) return "BestEffort";
  return holders.every(isGuaranteed) ? "Guaranteed" : "Burstable";
}

const COUNTED = ["cpu", "memory"] as const;

function hasAny(resources: JsonObject): boolean {
  return COUNTED.some(
    (name) => amount(resources, "requests", name) > 0n || amount(resources, "limits", name) > 0n,
  );
}

function isGuaranteed(resources: JsonObject): boolean {
  return COUNTED.every((name) => {
    const limit = amount(resources, "limits", name);
    return limit > 0n && amount(resources, "requests", name) === limit;
  });
}

function amount(resources: JsonObject, list: "requests" | "limits", name: string): bigint {
  const text = objectOf(resources[list])[name];
  return text === undefined ? 0n : parseThousandths(String(text));
}
