// DELETE: at once for most kinds, in two steps for pods on a node (kubelet ends them) and for objects with finalizers.

import { conflict, notFound, statusBody } from "./api-error.ts";
import { bodyObject } from "./api-request.ts";
import type { ApiAnswer, ApiRequest } from "./api-request.ts";
import { objectOf, textOf } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import { timestampText } from "./kube-object.ts";
import type { KubeObject } from "./kube-object.ts";
import { objectText } from "./object-text.ts";
import type { ResourceType } from "./resource-table.ts";
import type { WriteContext } from "./write-context.ts";

export function deleteObject({ store, clock }: WriteContext, request: ApiRequest): ApiAnswer {
  const { type, namespace, name = "" } = request.route;
  const options = request.body === "" ? {} : bodyObject({ ...request, contentType: jsonUnlessYaml(request) });
  const live = store.get(type.plural, { namespace, name });
  if (live === undefined) throw notFound(type, name);
  checkPreconditions(type, live, objectOf(options["preconditions"]));
  const graceSeconds = graceOf(live, requestedGrace(options, request.query));
  const hasFinalizers = (live.metadata.finalizers ?? []).length > 0;
  if (graceSeconds === 0 && !hasFinalizers) {
    const removed = request.isDryRun ? live : (store.delete(type.plural, { namespace, name }) ?? live);
    return {
      code: 200,
      text: type.plural === "pods" ? objectText(removed) : JSON.stringify(success(type, removed)),
    };
  }
  const marked = markedForDeletion(live, { graceSeconds, nowMs: clock.nowMs() });
  const stored = request.isDryRun ? marked : store.update(type.plural, marked);
  return { code: 200, text: objectText(stored) };
}

interface Deletion {
  readonly graceSeconds: number;
  readonly nowMs: number;
}

// A second deletion shortens the grace and never lengthens it.
function markedForDeletion(live: KubeObject, { graceSeconds, nowMs }: Deletion): KubeObject {
  const present = live.metadata.deletionGracePeriodSeconds;
  const isDeleting = live.metadata.deletionTimestamp !== undefined;
  if (isDeleting && present !== undefined && present <= graceSeconds) return live;
  const metadata = {
    ...live.metadata,
    deletionTimestamp: timestampText(nowMs + graceSeconds * 1000),
    deletionGracePeriodSeconds: graceSeconds,
  };
  return { ...live, metadata };
}

const GRACE_SECONDS_DEFAULT = 30;

// Only pods have grace, and only those that a kubelet has to end.
function graceOf(object: KubeObject, requested: number | undefined): number {
  const { nodeName, terminationGracePeriodSeconds } = objectOf(object.spec);
  const { phase } = objectOf(object.status);
  if (object.kind !== "Pod" || !textOf(nodeName) || phase === "Succeeded" || phase === "Failed") return 0;
  return requested ?? numberOf(terminationGracePeriodSeconds) ?? GRACE_SECONDS_DEFAULT;
}

function requestedGrace(options: JsonObject, query: URLSearchParams): number | undefined {
  const inBody = numberOf(options["gracePeriodSeconds"]);
  const inQuery = query.get("gracePeriodSeconds");
  const seconds = inBody ?? (inQuery === null ? undefined : Number(inQuery));
  return seconds === undefined || !Number.isFinite(seconds) || seconds < 0 ? undefined : seconds;
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function checkPreconditions(
  type: ResourceType,
  live: KubeObject,
  { uid, resourceVersion }: JsonObject,
): void {
  const { metadata } = live;
  const refuse = (what: string, wanted: Json, found: string): Error =>
    conflict(
      type,
      metadata.name,
      `the ${what} in the precondition (${String(wanted)}) does not match the ${what} in record (${found}). The object might have been deleted and then recreated`,
    );
  if (uid !== undefined && uid !== null && uid !== metadata.uid) throw refuse("UID", uid, metadata.uid);
  if (
    resourceVersion !== undefined &&
    resourceVersion !== null &&
    resourceVersion !== metadata.resourceVersion
  ) {
    throw refuse("ResourceVersion", resourceVersion, metadata.resourceVersion);
  }
}

function success(type: ResourceType, { metadata }: KubeObject): JsonObject {
  const group = type.group === "" ? {} : { group: type.group };
  return statusBody({
    status: "Success",
    details: { name: metadata.name, ...group, kind: type.plural, uid: metadata.uid },
  });
}

function jsonUnlessYaml({ contentType }: ApiRequest): string {
  return contentType.endsWith("yaml") ? contentType : "application/json";
}
