// What kube-apiserver adds to and demands of a pod that is created: defaults, priority, QoS class, first status.
// Sources: pkg/apis/core/v1/defaults.go, pkg/registry/core/pod/strategy.go, plugin/pkg/admission/{priority,
// defaulttolerationseconds}. Left out: service account tokens, volumes' defaults, quota and limit ranges.

import { QuantityError, parseThousandths } from "#model/quantity.ts";
import { badRequest, forbidden, invalid } from "./api-error.ts";
import type { StatusCause } from "./api-error.ts";
import { isJsonObject, listOf, objectOf, textOf, valueAt } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import { timestampText } from "./kube-object.ts";
import type { ObjectStore } from "./object-store.ts";
import { containersOf, specRequest } from "./pod-resources.ts";
import { qosClassOf } from "./qos-class.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";

/** The pod with its defaults; given values stay, so it may run again after a webhook changed the pod. */
export function withPodDefaults(pod: JsonObject, store: ObjectStore): JsonObject {
  const spec = objectOf(pod["spec"]);
  const defaulted = {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    serviceAccountName: "default",
    enableServiceLinks: true,
    securityContext: {},
    ...spec,
    ...priorityFields(pod, store),
    tolerations: withDefaultTolerations(listOf(spec["tolerations"])),
    containers: containersOf(pod).map(withContainerDefaults),
    ...(spec["initContainers"] !== undefined && {
      initContainers: containersOf(pod, "initContainers").map(withContainerDefaults),
    }),
  };
  return { ...pod, spec: defaulted };
}

/**
 * @throws ApiError Invalid or BadRequest for a pod that kube-apiserver would not take.
 */
export function checkNewPod(pod: JsonObject): void {
  const name = textOf(objectOf(pod["metadata"])["name"]) ?? "";
  const containers = containersOf(pod);
  const causes: StatusCause[] = [];
  if (containers.length === 0) causes.push(required("spec.containers"));
  const seen = new Set<string>();
  containers.forEach((container, index) => {
    const field = `spec.containers[${index}]`;
    const containerName = textOf(container["name"]) ?? "";
    if (containerName === "") causes.push(required(`${field}.name`));
    if (!textOf(container["image"])) causes.push(required(`${field}.image`));
    if (seen.has(containerName)) {
      const message = `Duplicate value: ${JSON.stringify(containerName)}`;
      causes.push({ reason: "FieldValueDuplicate", message, field: `${field}.name` });
    }
    seen.add(containerName);
    causes.push(...causesOfResources(objectOf(container["resources"]), `${field}.resources`));
  });
  if (causes.length > 0) throw invalid(RESOURCE_TYPES.pods, name, causes);
  checkQuantities(pod);
}

/** The status a pod starts with. */
export function firstPodStatus(pod: JsonObject, nowMs: number): JsonObject {
  const isGated = listOf(valueAt(pod, ["spec", "schedulingGates"])).length > 0;
  const gated = {
    type: "PodScheduled",
    status: "False",
    reason: "SchedulingGated",
    message: "Scheduling is blocked due to non-empty scheduling gates",
    lastProbeTime: null,
    lastTransitionTime: timestampText(nowMs),
  };
  return { phase: "Pending", qosClass: qosClassOf(pod), ...(isGated && { conditions: [gated] }) };
}

/** Requests above their limits, as validation causes. */
export function causesOfResources(resources: JsonObject, field: string): StatusCause[] {
  const limits = objectOf(resources["limits"]);
  return Object.entries(objectOf(resources["requests"])).flatMap(([name, request]) => {
    const limit = limits[name];
    if (limit === undefined || quantity(request) <= quantity(limit)) return [];
    const message = `Invalid value: "${String(request)}": must be less than or equal to ${name} limit of ${String(limit)}`;
    return [{ reason: "FieldValueInvalid", message, field: `${field}.requests` }];
  });
}

function required(field: string): StatusCause {
  return { reason: "FieldValueRequired", message: "Required value", field };
}

function quantity(value: Json | undefined): bigint {
  try {
    return parseThousandths(String(value));
  } catch (error) {
    throw asBadRequest(error);
  }
}

function checkQuantities(pod: JsonObject): void {
  try {
    specRequest(pod);
  } catch (error) {
    throw asBadRequest(error);
  }
}

function asBadRequest(error: unknown): unknown {
  return error instanceof QuantityError
    ? badRequest(`Pod in version "v1" cannot be handled as a Pod: ${error.message}`)
    : error;
}

function withContainerDefaults(container: JsonObject): JsonObject {
  const resources = objectOf(container["resources"]);
  const limits = objectOf(resources["limits"]);
  // A limit without a request is a request of the same size.
  const requests = { ...limits, ...objectOf(resources["requests"]) };
  return {
    imagePullPolicy: "IfNotPresent",
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    ...container,
    resources: isJsonObject(resources["limits"]) ? { ...resources, requests } : resources,
  };
}

const NODE_LOSS_TOLERATIONS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].map(
  (key) => ({
    key,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: 300,
  }),
);

function withDefaultTolerations(tolerations: readonly Json[]): Json {
  const missing = NODE_LOSS_TOLERATIONS.filter(
    (toleration) =>
      !tolerations.some((present) => {
        const { key, effect } = objectOf(present);
        const isSameKey = key === toleration.key || key === undefined || key === "";
        return isSameKey && (effect === undefined || effect === "" || effect === toleration.effect);
      }),
  );
  return [...tolerations, ...missing];
}

const BUILT_IN_PRIORITIES: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

function priorityFields(pod: JsonObject, store: ObjectStore): JsonObject {
  const className = textOf(valueAt(pod, ["spec", "priorityClassName"])) ?? "";
  if (className === "") {
    const byDefault = store.list("priorityclasses").find((other) => other["globalDefault"] === true);
    if (byDefault === undefined) return { priority: 0, preemptionPolicy: "PreemptLowerPriority" };
    const { value = 0, preemptionPolicy = "PreemptLowerPriority", metadata } = byDefault;
    return { priority: value, preemptionPolicy, priorityClassName: metadata.name };
  }
  const builtIn = BUILT_IN_PRIORITIES[className];
  if (builtIn !== undefined) return { priority: builtIn, preemptionPolicy: "PreemptLowerPriority" };
  const found = store.get("priorityclasses", { name: className });
  if (found === undefined) {
    const name = textOf(valueAt(pod, ["metadata", "name"])) ?? "";
    const message = `no PriorityClass with name ${className} was found`;
    throw forbidden(RESOURCE_TYPES.pods, name, { message });
  }
  const { value = 0, preemptionPolicy = "PreemptLowerPriority" } = found;
  return { priority: value, preemptionPolicy };
}
