// A created object before it is stored: the checks every kind has, a name, and the fields that belong to the server.

import { badRequest, invalid } from "./api-error.ts";
import { objectOf, textOf, withoutKeys } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { SERVER_METADATA } from "./kube-object.ts";
import { apiVersionOf } from "./resource-table.ts";
import type { ResourceType } from "./resource-table.ts";
import { nameSuffix } from "./seeded-text.ts";

export interface NewObjectPlace {
  readonly namespace: string | undefined;
  readonly random: () => number;
}

/**
 * The object as a client may create it: named, in its namespace, without what only the server sets.
 *
 * @throws ApiError BadRequest or Invalid
 */
export function prepareNewObject(type: ResourceType, body: JsonObject, place: NewObjectPlace): JsonObject {
  checkKind(type, body);
  const given = objectOf(body["metadata"]);
  if (textOf(given["resourceVersion"])) {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const namespace = textOf(given["namespace"]) || place.namespace;
  if (namespace !== place.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  const name = textOf(given["name"]) || generatedName(type, given, place.random);
  checkName(type, name);
  const own = withoutKeys(given, [...SERVER_METADATA, "namespace"]);
  const metadata = { ...own, name, ...(namespace !== undefined && { namespace }) };
  const content = type.hasStatus && type.dropsStatusOnCreate ? withoutKeys(body, ["status"]) : body;
  return { ...content, apiVersion: apiVersionOf(type), kind: type.kind, metadata };
}

/**
 * Built-in kinds may leave kind and apiVersion out, custom resources may not.
 *
 * @throws ApiError BadRequest
 */
export function checkKind(type: ResourceType, body: JsonObject): void {
  const { kind, apiVersion } = body;
  const expected = apiVersionOf(type);
  const isAbsent = kind === undefined && apiVersion === undefined;
  if (isAbsent && !type.isCustom) return;
  if (kind === undefined) throw badRequest(`Object 'Kind' is missing in '${type.plural}' body`);
  if (kind !== type.kind || (apiVersion !== undefined && apiVersion !== expected)) {
    const found = `${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion ?? "")}`;
    throw badRequest(`${found} cannot be handled as a ${type.kind} in version "${expected}"`);
  }
  if (apiVersion === undefined && type.isCustom) throw badRequest("Object 'apiVersion' is missing");
}

// generateName is cut so that the whole fits into 63 characters, as names.SimpleNameGenerator does.
const GENERATED_BASE_LENGTH_MAX = 58;
const NAME_LENGTH_MAX = 253;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function generatedName(type: ResourceType, metadata: JsonObject, random: () => number): string {
  const base = textOf(metadata["generateName"]);
  if (base === undefined || base === "") {
    const message = "Required value: name or generateName is required";
    throw invalid(type, "", [{ reason: "FieldValueRequired", message, field: "metadata.name" }]);
  }
  return `${base.slice(0, GENERATED_BASE_LENGTH_MAX)}${nameSuffix(random)}`;
}

function checkName(type: ResourceType, name: string): void {
  // Priority classes and webhook configurations obey the same rule; Events are lenient about nothing else either.
  if (name.length <= NAME_LENGTH_MAX && SUBDOMAIN.test(name)) return;
  const rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  const message = `Invalid value: ${JSON.stringify(name)}: ${rule}`;
  throw invalid(type, name, [{ reason: "FieldValueInvalid", message, field: "metadata.name" }]);
}
