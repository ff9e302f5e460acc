// The `binding` subresource: a scheduler's word that a pod goes to a node. Source: pkg/registry/core/pod/storage,
// BindingREST. A binding leaves the generation alone and ends a nomination.

import { conflict, plainError } from "./api-error.ts";
import { listOf, objectOf, textOf } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import { timestampText } from "./kube-object.ts";
import type { KubeObject } from "./kube-object.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";
import { withCondition } from "./pod-condition.ts";

/**
 * The pod as bound to the binding's target; that node need not exist.
 *
 * @throws ApiError Conflict if the pod is bound, gated, being deleted or not the one that was meant; a plain 500
 * without a target node.
 */
export function boundPod(pod: KubeObject, binding: JsonObject, nowMs: number): KubeObject {
  const nodeName = targetNode(binding);
  const { name } = pod.metadata;
  const { uid, resourceVersion, annotations, labels } = objectOf(binding["metadata"]);
  if (textOf(uid) && uid !== pod.metadata.uid) {
    const texts = `UID in precondition: ${String(uid)}, UID in object meta: ${pod.metadata.uid}`;
    throw conflict(RESOURCE_TYPES.pods, name, `Precondition failed: ${texts}`);
  }
  if (textOf(resourceVersion) && resourceVersion !== pod.metadata.resourceVersion) {
    throw conflict(RESOURCE_TYPES.pods, name);
  }
  const refuse = (why: string): Error => conflict(RESOURCE_TYPES.pods, name, `pod ${name} ${why}`);
  if (pod.metadata.deletionTimestamp !== undefined)
    throw refuse("is being deleted, cannot be assigned to a host");
  const spec = objectOf(pod.spec);
  if (textOf(spec["nodeName"])) {
    throw refuse(`is already assigned to node ${JSON.stringify(spec["nodeName"])}`);
  }
  if (listOf(spec["schedulingGates"]).length > 0) throw refuse("has non-empty .spec.schedulingGates");
  const { nominatedNodeName: _nomination, ...status } = objectOf(pod.status);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(annotations !== undefined && { annotations: withTexts(pod.metadata.annotations, annotations) }),
      ...(labels !== undefined && { labels: withTexts(pod.metadata.labels, labels) }),
    },
    spec: { ...spec, nodeName },
    status: withCondition(status, {
      type: "PodScheduled",
      status: "True",
      lastTransitionTime: timestampText(nowMs),
    }),
  };
}

// Its validation errors reach the client as they are, not as Invalid (seen on kube-apiserver 1.37.2).
function targetNode(binding: JsonObject): string {
  const { kind = "Node", name } = objectOf(binding["target"]);
  if (kind !== "Node" && kind !== "") {
    const supported = `supported values: "Node", "<empty>"`;
    throw plainError(`target.kind: Unsupported value: ${JSON.stringify(kind)}: ${supported}`);
  }
  if (!textOf(name)) throw plainError("target.name: Required value");
  return String(name);
}

function withTexts(
  present: Readonly<Record<string, string>> | undefined,
  added: Json,
): Readonly<Record<string, string>> {
  return { ...present, ...(objectOf(added) as Readonly<Record<string, string>>) };
}
