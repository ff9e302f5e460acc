// PUT and PATCH of objects and of their `status` and `resize` subresources.

import { applyConfiguration } from "./server-side-apply.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";
import { badRequest, conflict, invalid, notFound, unsupportedMediaType } from "./api-error.ts";
import { bodyObject, parseJson, parseYamlBody } from "./api-request.ts";
import type { ApiAnswer, ApiRequest } from "./api-request.ts";
import { APPLY_CONTENT_TYPE, createFrom } from "./create-verb.ts";
import { checkEndpointSlice } from "./endpoint-slices.ts";
import { approvedRequest, settledRequest } from "./signing-requests.ts";
import { validCustomObject } from "./custom-validation.ts";
import { equalJson, isJsonObject, objectOf, textOf } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import type { KubeObject, ObjectKey, ObjectMeta } from "./kube-object.ts";
import { listSchemaOf } from "./list-keys.ts";
import { ownSame, trackUpdate } from "./managed-fields.ts";
import type { Writer } from "./managed-fields.ts";
import { checkKind } from "./new-object.ts";
import { objectText } from "./object-text.ts";
import { checkPodUpdate } from "./pod-update.ts";
import { resizedPod } from "./pod-resize.ts";
import type { ResourceType } from "./resource-table.ts";
import type { WriteContext } from "./write-context.ts";

export async function replaceObject(context: WriteContext, request: ApiRequest): Promise<ApiAnswer> {
  const { type, subresource } = request.route;
  const body = bodyObject(request);
  checkKind(type, body);
  const live = context.store.get(type.plural, keyOfRoute(request));
  if (live === undefined) {
    if (!type.createsOnUpdate || subresource !== "") throw notFound(type, request.route.name ?? "");
    checkIdentity(request, body);
    return createFrom(context, request, body);
  }
  const { resourceVersion } = objectOf(body["metadata"]);
  if (!textOf(resourceVersion) && !type.allowsUnconditionalUpdate) {
    const message = "Invalid value: 0x0: must be specified for an update";
    const cause = { reason: "FieldValueInvalid", message, field: "metadata.resourceVersion" };
    throw invalid(type, live.metadata.name, [cause]);
  }
  return { code: 200, text: objectText(commit(context, request, { live, next: body })) };
}

export async function patchObject(context: WriteContext, request: ApiRequest): Promise<ApiAnswer> {
  const { type, name = "", subresource } = request.route;
  const live = context.store.get(type.plural, keyOfRoute(request));
  if (request.contentType === APPLY_CONTENT_TYPE) return applyPatch(context, request, live);
  if (request.query.has("force"))
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    );
  if (live === undefined) throw notFound(type, name);
  const next = patchedObject(live, request);
  if (!isJsonObject(next)) throw badRequest(`the patch of ${type.plural}/${subresource} leaves no object`);
  return { code: 200, text: objectText(commit(context, request, { live, next })) };
}

const PATCH_CONTENT_TYPES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  APPLY_CONTENT_TYPE,
];

function patchedObject(live: KubeObject, { route, contentType, body }: ApiRequest): Json {
  const patch = parseJson(body);
  if (contentType === "application/json-patch+json") return applyJsonPatch(live, patch);
  if (!isJsonObject(patch)) throw badRequest("a merge patch is an object");
  if (contentType === "application/merge-patch+json") return applyMergePatch(live, patch);
  if (contentType === "application/strategic-merge-patch+json" && !route.type.isCustom) {
    return applyStrategicMergePatch(live, patch, listSchemaOf(route.type));
  }
  throw unsupportedMediaType(
    PATCH_CONTENT_TYPES.filter((accepted) => !route.type.isCustom || !accepted.includes("strategic")),
  );
}

async function applyPatch(
  context: WriteContext,
  request: ApiRequest,
  live: KubeObject | undefined,
): Promise<ApiAnswer> {
  const { type, name = "", subresource } = request.route;
  const configuration = parseYamlBody(request.body);
  if (!isJsonObject(configuration)) throw badRequest("an applied configuration is an object");
  if (!request.query.get("fieldManager")) {
    const cause = {
      reason: "FieldValueRequired",
      message: "Required value: is required for apply patch",
      field: "fieldManager",
    };
    throw invalid({ ...type, kind: "PatchOptions", group: "meta.k8s.io" }, "", [cause]);
  }
  if (configuration["kind"] === undefined) throw badRequest("invalid object type: /, Kind=");
  checkKind(type, configuration);
  checkIdentity(request, configuration);
  if (objectOf(configuration["metadata"])["managedFields"] !== undefined) {
    throw badRequest("metadata.managedFields must be nil");
  }
  if (live === undefined && subresource !== "") throw notFound(type, name);
  const next = applyConfiguration(type, {
    live: live ?? {},
    configuration,
    writer: writerOf(context, request),
    isForced: request.query.get("force") === "true",
  });
  if (live !== undefined) return { code: 200, text: objectText(commit(context, request, { live, next })) };
  return createFrom(context, request, { ...next, metadata: { ...objectOf(next["metadata"]), name } });
}

interface ObjectChange {
  readonly live: KubeObject;
  readonly next: JsonObject;
}

function commit(context: WriteContext, request: ApiRequest, { live, next }: ObjectChange): KubeObject {
  const { type } = request.route;
  checkIdentity(request, next);
  checkPreconditions(type, live, objectOf(next["metadata"]));
  const settled = validCustomObject(type, settle(context, request, { live, next }), request);
  const isApply = request.contentType === APPLY_CONTENT_TYPE;
  const managedFields = isApply
    ? objectOf(next["metadata"])["managedFields"]
    : trackUpdate(type, { before: live, after: settled, writer: writerOf(context, request) });
  const isSameOwnership = ownSame(managedFields, live.metadata.managedFields);
  const bare = { ...settled, metadata: { ...settled.metadata, managedFields: live.metadata.managedFields } };
  if (isSameOwnership && equalJson(bare, live)) return live;
  const metadata = { ...settled.metadata, managedFields } as ObjectMeta;
  const object: KubeObject = { ...settled, metadata };
  if (request.isDryRun) return object;
  const stored = context.store.update(type.plural, object);
  return isDeletionComplete(stored)
    ? (context.store.delete(type.plural, keyOfRoute(request)) ?? stored)
    : stored;
}

// The last finalizer is gone and no grace is left.
function isDeletionComplete({ metadata }: KubeObject): boolean {
  return (
    metadata.deletionTimestamp !== undefined &&
    (metadata.finalizers ?? []).length === 0 &&
    (metadata.deletionGracePeriodSeconds ?? 0) === 0
  );
}

// What of the new object counts for the subresource that was written; the rest stays as it is.
function settle(context: WriteContext, { route }: ApiRequest, { live, next }: ObjectChange): KubeObject {
  const { type, subresource } = route;
  if (subresource === "resize") {
    const nodeName = textOf(objectOf(live.spec)["nodeName"]);
    const node = nodeName === undefined ? undefined : context.store.get("nodes", { name: nodeName });
    return resizedPod(live, next, node);
  }
  if (subresource === "approval") return approvedRequest(live, next);
  const metadata = settledMetadata(live, objectOf(next["metadata"]));
  if (type.plural === "certificatesigningrequests") return settledRequest(live, next, route);
  if (subresource === "status") {
    const status = next["status"] as JsonObject;
    if (type.isCustom) return { ...live, status };
    return { ...live, status, metadata: { ...metadata, ownerReferences: live.metadata["ownerReferences"] } };
  }
  if (type.plural === "pods") checkPodUpdate(live, next);
  if (type.plural === "endpointslices") checkEndpointSlice(next, live);
  const status = type.hasStatus ? live.status : next["status"];
  return {
    ...next,
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata,
    ...(status !== undefined && { status: status as JsonObject }),
  };
}

// System fields are the server's: whatever a client sends for them is put back.
function settledMetadata(live: KubeObject, next: JsonObject): ObjectMeta {
  const { name, namespace, uid, resourceVersion, creationTimestamp, generation } = live.metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds } = live.metadata;
  const system = {
    name,
    namespace,
    uid,
    resourceVersion,
    creationTimestamp,
    generation,
    deletionTimestamp,
    deletionGracePeriodSeconds,
  };
  const settled = { ...next, ...system };
  return Object.fromEntries(Object.entries(settled).filter(([, value]) => value !== undefined)) as ObjectMeta;
}

function checkIdentity({ route }: ApiRequest, body: JsonObject): void {
  const { name, namespace } = objectOf(body["metadata"]);
  if (name !== undefined && name !== route.name) {
    const texts = `the name of the object (${String(name)}) does not match the name on the URL (${route.name})`;
    throw badRequest(texts);
  }
  if (name === undefined && route.name === undefined) throw badRequest("name must be provided");
  if (namespace !== undefined && namespace !== "" && namespace !== route.namespace) {
    const texts = `the namespace of the object (${String(namespace)}) does not match the namespace on the URL (${route.namespace})`;
    throw badRequest(texts);
  }
}

function checkPreconditions(type: ResourceType, live: KubeObject, next: JsonObject): void {
  const { uid, resourceVersion } = next;
  if (textOf(uid) && uid !== live.metadata.uid) {
    const texts = `UID in precondition: ${String(uid)}, UID in object meta: ${live.metadata.uid}`;
    throw conflict(type, live.metadata.name, `Precondition failed: ${texts}`);
  }
  if (textOf(resourceVersion) && resourceVersion !== live.metadata.resourceVersion) {
    throw conflict(type, live.metadata.name);
  }
}

function writerOf({ clock }: WriteContext, { manager, contentType, route }: ApiRequest): Writer {
  const operation = contentType === APPLY_CONTENT_TYPE ? "Apply" : "Update";
  return { manager, operation, subresource: route.subresource, nowMs: clock.nowMs() };
}

function keyOfRoute({ route }: ApiRequest): ObjectKey {
  return { namespace: route.namespace, name: route.name ?? "" };
}
