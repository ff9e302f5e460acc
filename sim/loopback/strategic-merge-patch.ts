// Kubernetes' own merge patch: like RFC 7386, but lists with a merge key are merged item by item.
// Covered: the merge keys in list-keys.ts, `$patch: delete|replace` in objects and list items, `$setElementOrder/…`,
// `$deleteFromPrimitiveList/…`, `$retainKeys`. Not covered: the x-kubernetes extensions of custom resources, which
// kube-apiserver refuses as well.

import { badRequest } from "./api-error.ts";
import { equalJson, isJsonList, isJsonObject, listOf, objectOf, textOf } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import { isSet } from "./list-keys.ts";
import type { ListSchema } from "./list-keys.ts";

/**
 * @throws ApiError BadRequest for a directive that is unknown, or an item without its merge key.
 */
export function applyStrategicMergePatch(
  target: Json | undefined,
  patch: JsonObject,
  schema: ListSchema,
): JsonObject {
  const { [DIRECTIVE]: directive, ...fields } = patch;
  if (directive === "replace") return fields;
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") {
    throw badRequest(`invalid strategic merge directive: ${JSON.stringify(directive)}`);
  }
  const merged: Record<string, Json | undefined> = { ...objectOf(target) };
  for (const [field, value] of Object.entries(fields)) {
    if (field.startsWith("$")) continue;
    if (value === null || value === undefined) delete merged[field];
    else merged[field] = mergeValue({ field, target: merged[field], value }, schema);
  }
  for (const [field, value] of Object.entries(fields)) {
    if (field.startsWith("$")) applyDirective(merged, { field, value: value ?? null }, schema);
  }
  return merged;
}

const DIRECTIVE = "$patch";
const ORDER = "$setElementOrder/";
const DELETE_VALUES = "$deleteFromPrimitiveList/";
const RETAIN = "$retainKeys";

interface FieldPatch {
  readonly field: string;
  readonly target: Json | undefined;
  readonly value: Json;
}

function mergeValue({ field, target, value }: FieldPatch, schema: ListSchema): Json {
  if (isJsonObject(value)) return applyStrategicMergePatch(target, value, schema);
  if (!isJsonList(value)) return value;
  if (isSet(field)) return [...new Set([...listOf(target), ...value])];
  const mergeKey = schema(field)?.mergeKey;
  return mergeKey === undefined
    ? value
    : mergeList({ target: listOf(target), patch: value, mergeKey }, schema);
}

interface ListPatch {
  readonly target: readonly Json[];
  readonly patch: readonly Json[];
  readonly mergeKey: string;
}

function mergeList({ target, patch, mergeKey }: ListPatch, schema: ListSchema): Json {
  if (patch.some((item) => objectOf(item)[DIRECTIVE] === "replace")) {
    return patch.filter((item) => objectOf(item)[DIRECTIVE] === undefined);
  }
  const items = [...target];
  for (const change of patch) {
    const fields = objectOf(change);
    const key = fields[mergeKey];
    if (key === undefined)
      throw badRequest(`map: ${JSON.stringify(change)} does not contain declared merge key: ${mergeKey}`);
    const at = items.findIndex((item) => equalJson(objectOf(item)[mergeKey], key));
    if (fields[DIRECTIVE] === "delete") {
      if (at !== -1) items.splice(at, 1);
    } else if (at === -1) items.push(applyStrategicMergePatch({}, fields, schema));
    else items[at] = applyStrategicMergePatch(items[at], fields, schema);
  }
  return items;
}

interface DirectiveField {
  readonly field: string;
  readonly value: Json;
}

function applyDirective(
  merged: Record<string, Json | undefined>,
  { field, value }: DirectiveField,
  schema: ListSchema,
): void {
  if (field === RETAIN) {
    const kept = new Set(listOf(value).map(textOf));
    for (const name of Object.keys(merged)) if (!kept.has(name)) delete merged[name];
  } else if (field.startsWith(DELETE_VALUES)) {
    const list = field.slice(DELETE_VALUES.length);
    const unwanted = listOf(value);
    if (merged[list] !== undefined) {
      merged[list] = listOf(merged[list]).filter((item) => !unwanted.some((other) => equalJson(item, other)));
    }
  } else if (field.startsWith(ORDER)) {
    const list = field.slice(ORDER.length);
    if (merged[list] !== undefined) {
      merged[list] = reordered(listOf(merged[list]), listOf(value), schema(list)?.mergeKey);
    }
  } else throw badRequest(`invalid strategic merge directive: ${field}`);
}

// Items that the order does not name keep their place behind those it does.
function reordered(items: readonly Json[], order: readonly Json[], mergeKey: string | undefined): Json[] {
  const keyOf = (item: Json): Json | undefined =>
    mergeKey === undefined || !isJsonObject(item) ? item : item[mergeKey];
  const rankOf = (item: Json): number => {
    const rank = order.findIndex((entry) => equalJson(keyOf(entry), keyOf(item)));
    return rank === -1 ? order.length : rank;
  };
  return items.toSorted((a, b) => rankOf(a) - rankOf(b));
}
