// Server-side apply: the fields of a configuration become the manager's; what it applied before and does not any more
// goes, unless somebody else owns it too; a field that somebody else owns with another value is a conflict, or taken
// over by force. Source: sigs.k8s.io/structured-merge-diff/v6/merge/update.go.

import { applyConflict } from "./api-error.ts";
import type { StatusCause } from "./api-error.ts";
import {
  NO_FIELDS,
  SELF,
  changedFields,
  differenceOf,
  fieldsOf,
  intersectionOf,
  isEmptyTree,
  pathsOf,
  segmentOf,
  unionOf,
} from "./field-tree.ts";
import type { FieldTree } from "./field-tree.ts";
import { isJsonList, isJsonObject, objectOf, withoutKeys } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import { isAtomicMap, isSet, listSchemaOf } from "./list-keys.ts";
import { entryOf, isWrittenBy, managedEntries, managedFieldsOf, withoutFields } from "./managed-fields.ts";
import type { ManagedEntry, Writer } from "./managed-fields.ts";
import type { ResourceType } from "./resource-table.ts";

export interface ApplyRequest {
  /** The object as it is; empty if there is none yet. */
  readonly live: JsonObject;
  readonly configuration: JsonObject;
  readonly writer: Writer;
  readonly isForced: boolean;
}

/**
 * The object after the configuration was applied, with its managedFields.
 *
 * @throws ApiError Conflict with one cause of reason FieldManagerConflict per field.
 */
export function applyConfiguration(type: ResourceType, request: ApplyRequest): JsonObject {
  const { live, writer } = request;
  const configuration = writableFields(type, request);
  const applied = fieldsOf(type, configuration);
  const entries = managedEntries(live);
  const own = entries.find((entry) => isWrittenBy(entry, writer));
  const others = entries.filter((entry) => entry !== own);

  const merged = mergeFields(type, live, configuration);
  const changed = intersectionOf(changedFields(type, live, merged), applied);
  const contested = others.map((entry) => ({ entry, fields: intersectionOf(changed, entry.fields) }));
  if (!request.isForced) refuseConflicts(contested);

  const foreign = others.reduce((union, entry) => unionOf(union, entry.fields), NO_FIELDS);
  const dropped = differenceOf(own?.fields ?? NO_FIELDS, applied);
  const next = removeFields(type, { value: merged, dropped, foreign, field: "" });
  const remaining = contested.map(({ entry, fields }) => withoutFields(entry, fields));
  const managedFields = managedFieldsOf([...remaining, entryOf(type, writer, applied)]);
  const result = objectOf(next);
  return { ...result, metadata: { ...objectOf(result["metadata"]), managedFields } };
}

// A subresource takes only its part of the configuration, and the object itself takes all but the status.
function writableFields(type: ResourceType, { configuration, writer }: ApplyRequest): JsonObject {
  const withoutManaged = {
    ...configuration,
    metadata: withoutKeys(objectOf(configuration["metadata"]), ["managedFields"]),
  };
  if (writer.subresource === "")
    return type.hasStatus ? withoutKeys(withoutManaged, ["status"]) : withoutManaged;
  if (writer.subresource === "status") return withoutKeys(withoutManaged, ["spec"]);
  return { spec: configuration["spec"] };
}

interface Contested {
  readonly entry: ManagedEntry;
  readonly fields: FieldTree;
}

function refuseConflicts(contested: readonly Contested[]): void {
  const causes: StatusCause[] = contested.flatMap(({ entry, fields }) =>
    pathsOf(fields).map((field) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${describeManager(entry)}`,
      field,
    })),
  );
  if (causes.length > 0) throw applyConflict(causes);
}

function describeManager({ manager, operation, subresource, apiVersion, time }: ManagedEntry): string {
  const name = `"${manager}"${subresource === "" ? "" : ` with subresource "${subresource}"`}`;
  return operation === "Update" ? `${name} using ${apiVersion} at ${time}` : name;
}

function mergeFields(type: ResourceType, live: JsonObject, configuration: JsonObject): JsonObject {
  const merged: Record<string, Json | undefined> = { ...live };
  for (const [field, value] of Object.entries(configuration)) {
    if (value !== undefined) merged[field] = mergeValue(type, { field, live: live[field], value });
  }
  return merged;
}

interface FieldMerge {
  readonly field: string;
  readonly live: Json | undefined;
  readonly value: Json;
}

function mergeValue(type: ResourceType, { field, live, value }: FieldMerge): Json {
  if (isJsonObject(value) && isJsonObject(live) && !isAtomicMap(type, field)) {
    return mergeFields(type, live, value);
  }
  if (!isJsonList(value) || !isJsonList(live)) return value;
  const isKeyed = listSchemaOf(type)(field)?.applyKeys !== undefined;
  return isKeyed || isSet(field) ? mergeItems(type, { field, live, value }) : value;
}

interface ListMerge {
  readonly field: string;
  readonly live: readonly Json[];
  readonly value: readonly Json[];
}

function mergeItems(type: ResourceType, { field, live, value }: ListMerge): Json {
  const items = [...live];
  for (const item of value) {
    const segment = segmentOf(type, field, item);
    const at = items.findIndex((other) => segmentOf(type, field, other) === segment);
    const present = items[at];
    if (at === -1 || present === undefined) items.push(item);
    else items[at] = mergeValue(type, { field: "", live: present, value: item });
  }
  return items;
}

interface Removal {
  readonly field: string;
  readonly value: Json;
  readonly dropped: FieldTree;
  /** What the other managers own. */
  readonly foreign: FieldTree;
}

function removeFields(type: ResourceType, removal: Removal): Json {
  const { value, dropped } = removal;
  if (isEmptyTree(dropped)) return value;
  if (isJsonList(value)) return removeItems(type, { ...removal, value });
  if (!isJsonObject(value)) return value;
  const kept: Record<string, Json | undefined> = { ...value };
  for (const [segment, child] of Object.entries(dropped)) {
    const field = segment.slice(2);
    const present = value[field];
    if (!segment.startsWith("f:") || present === undefined) continue;
    const foreign = removal.foreign[segment];
    if (isEmptyTree(child)) {
      // A map that was applied empty and has got entries since is not this manager's to remove.
      const isFilledMap = isJsonObject(present) && !isHollow(present) && !isAtomicMap(type, field);
      if (foreign === undefined && !isFilledMap) delete kept[field];
      continue;
    }
    const rest = removeFields(type, { field, value: present, dropped: child, foreign: foreign ?? NO_FIELDS });
    if (isHollow(rest) && !isHollow(present) && foreign === undefined) delete kept[field];
    else kept[field] = rest;
  }
  return kept;
}

interface ListRemoval extends Removal {
  readonly value: readonly Json[];
}

function removeItems(type: ResourceType, { field, value, dropped, foreign }: ListRemoval): Json {
  const keys = listSchemaOf(type)(field)?.applyKeys ?? [];
  return value.flatMap((item) => {
    const segment = segmentOf(type, field, item);
    const tree = dropped[segment];
    if (tree === undefined) return [item];
    const isForeign = foreign[segment] !== undefined;
    if (!isForeign && (tree[SELF] !== undefined || isEmptyTree(tree))) return [];
    // The keys stay as long as the item does.
    const inner = Object.fromEntries(Object.entries(tree).filter(([name]) => !keys.includes(name.slice(2))));
    return [
      removeFields(type, { field: "", value: item, dropped: inner, foreign: foreign[segment] ?? NO_FIELDS }),
    ];
  });
}

function isHollow(value: Json): boolean {
  if (isJsonList(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}
