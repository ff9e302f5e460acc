// POST on a collection, and the creation that a replace or an apply turns into.

import { ApiError, alreadyExists, notFound } from "./api-error.ts";
import { bodyObject } from "./api-request.ts";
import type { ApiAnswer, ApiRequest } from "./api-request.ts";
import { objectOf, textOf } from "./json.ts";
import type { JsonObject } from "./json.ts";
import type { KubeObject, ObjectMeta } from "./kube-object.ts";
import { validCustomObject } from "./custom-validation.ts";
import { checkEndpointSlice } from "./endpoint-slices.ts";
import { trackUpdate } from "./managed-fields.ts";
import { prepareNewObject } from "./new-object.ts";
import { RESOURCE_VERSION_FIRST } from "./object-store.ts";
import { objectText } from "./object-text.ts";
import { checkNewPod, firstPodStatus, withPodDefaults } from "./pod-creation.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";
import type { WriteContext } from "./write-context.ts";

export async function createObject(context: WriteContext, request: ApiRequest): Promise<ApiAnswer> {
  const body = bodyObject(request);
  for (let attempt = 1; ; attempt++) {
    try {
      return await createFrom(context, request, body);
    } catch (error) {
      const isNameTaken = error instanceof ApiError && error.reason === "AlreadyExists";
      const isGenerated = !textOf(objectOf(body["metadata"])["name"]);
      if (!isNameTaken || !isGenerated || attempt === GENERATED_NAME_ATTEMPTS_MAX) throw error;
    }
  }
}

/**
 * Creates from a body that carries its managedFields already (server-side apply) or gets them here.
 *
 * @throws ApiError for everything Kubernetes refuses a creation for.
 */
export async function createFrom(
  context: WriteContext,
  request: ApiRequest,
  body: JsonObject,
): Promise<ApiAnswer> {
  const { type, namespace } = request.route;
  const { store, clock, random } = context;
  requireNamespace(context, namespace);
  const applied = objectOf(body["metadata"])["managedFields"];
  let object = validCustomObject(type, prepareNewObject(type, body, { namespace, random }), request);
  let warnings: readonly string[] = [];
  if (type.plural === "pods") {
    checkNewPod(object);
    const admission = await context.webhooks.admitPod(withPodDefaults(object, store), request.isDryRun);
    warnings = admission.warnings;
    object = withPodDefaults(admission.object, store);
    checkNewPod(object);
    object = { ...object, status: firstPodStatus(object, clock.nowMs()) };
  }
  if (type.plural === "endpointslices") checkEndpointSlice(object);
  if (type.plural === "namespaces") object = { ...object, status: { phase: "Active" } };
  const writer = {
    manager: request.manager,
    operation: "Update",
    subresource: "",
    nowMs: clock.nowMs(),
  } as const;
  const { status: _status, ...owned } = object;
  const managedFields =
    request.contentType === APPLY_CONTENT_TYPE
      ? applied
      : trackUpdate(type, { before: {}, after: owned, writer });
  const complete = { ...object, metadata: { ...objectOf(object["metadata"]), managedFields } };
  const stored = request.isDryRun
    ? asIfStored(context, request, complete)
    : store.create(type.plural, complete);
  return { code: 201, text: objectText(stored), warnings };
}

export const APPLY_CONTENT_TYPE = "application/apply-patch+yaml";

// As kube-apiserver retries a generated name that is taken.
const GENERATED_NAME_ATTEMPTS_MAX = 8;

function requireNamespace({ store }: WriteContext, namespace: string | undefined): void {
  if (namespace === undefined || store.get("namespaces", { name: namespace }) !== undefined) return;
  throw notFound(RESOURCE_TYPES.namespaces, namespace);
}

function asIfStored(context: WriteContext, { route }: ApiRequest, object: JsonObject): KubeObject {
  const metadata = objectOf(object["metadata"]) as ObjectMeta;
  const key = { namespace: metadata.namespace, name: metadata.name };
  if (context.store.get(route.type.plural, key) !== undefined) throw alreadyExists(route.type, metadata.name);
  const resourceVersion = String(Math.max(context.store.resourceVersion, RESOURCE_VERSION_FIRST));
  return { ...(object as KubeObject), metadata: { ...metadata, resourceVersion } };
}
