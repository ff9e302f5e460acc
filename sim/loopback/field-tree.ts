// Sets of fields, in the FieldsV1 form that managedFields has on the wire: `f:name` for a field, `k:{…}` for a list
// item by its keys, `v:…` for a value in a set, `.` for the item itself. A node without children is a leaf.
// Source: sigs.k8s.io/structured-merge-diff/v6/fieldpath.

import { SERVER_METADATA } from "./kube-object.ts";
import { equalJson, isJsonList, isJsonObject, objectOf } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import { applyKeyOf, isAtomicMap, isSet, listSchemaOf } from "./list-keys.ts";
import type { ResourceType } from "./resource-table.ts";

export interface FieldTree {
  readonly [segment: string]: FieldTree;
}

export const NO_FIELDS: FieldTree = {};

/** Marks a list item as a member, besides its fields. */
export const SELF = ".";

/** Every field that an object gives a value to, without the ones that belong to the system. */
export function fieldsOf(type: ResourceType, object: JsonObject): FieldTree {
  return changedFields(type, {}, object);
}

/** The fields of `after` that `before` does not have or has otherwise. */
export function changedFields(type: ResourceType, before: JsonObject, after: JsonObject): FieldTree {
  const tree: Record<string, FieldTree> = {};
  for (const [field, value] of Object.entries(after)) {
    if (OUTSIDE_FIELDS.has(field) || value === undefined || value === before[field]) continue;
    const isMetadata = field === "metadata";
    const changed = changedValue(type, {
      field,
      before: isMetadata ? ownMetadata(before[field]) : before[field],
      after: isMetadata ? ownMetadata(value) : value,
    });
    if (changed !== undefined && !(isMetadata && isEmptyTree(changed))) tree[`f:${field}`] = changed;
  }
  return tree;
}

export function isEmptyTree(tree: FieldTree): boolean {
  for (const _segment in tree) return false;
  return true;
}

export function unionOf(a: FieldTree, b: FieldTree): FieldTree {
  if (isEmptyTree(a)) return b;
  const union: Record<string, FieldTree> = { ...a };
  for (const [segment, child] of Object.entries(b)) {
    const other = a[segment];
    union[segment] = other === undefined ? child : unionOf(other, child);
  }
  return union;
}

/** What of `a` is not in `b`. Owning an empty map is something else than owning what is in it. */
export function differenceOf(a: FieldTree, b: FieldTree): FieldTree {
  const rest: Record<string, FieldTree> = {};
  for (const [segment, child] of Object.entries(a)) {
    const other = b[segment];
    const left = other === undefined ? child : differenceOf(child, other);
    const isLeafLeft = isEmptyTree(child) && (other === undefined || !isEmptyTree(other));
    if (isLeafLeft || !isEmptyTree(left)) rest[segment] = left;
  }
  return rest;
}

/** What both have. A leaf meets only a leaf: owning an empty map is not owning what others put into it. */
export function intersectionOf(a: FieldTree, b: FieldTree): FieldTree {
  const shared: Record<string, FieldTree> = {};
  for (const [segment, child] of Object.entries(a)) {
    const other = b[segment];
    if (other === undefined || segment === SELF) continue;
    if (isEmptyTree(child) && isEmptyTree(other)) shared[segment] = NO_FIELDS;
    const both = intersectionOf(child, other);
    if (!isEmptyTree(both)) shared[segment] = both;
  }
  return shared;
}

/** The leaves as paths that people read: `.spec.containers[name="x"].image`. */
export function pathsOf(tree: FieldTree, prefix = ""): string[] {
  return Object.entries(tree).flatMap(([segment, child]) => {
    if (segment === SELF) return [];
    const path = `${prefix}${segmentText(segment)}`;
    return isEmptyTree(child) ? [path] : pathsOf(child, path);
  });
}

function segmentText(segment: string): string {
  const rest = segment.slice(2);
  if (segment.startsWith("f:")) return `.${rest}`;
  if (segment.startsWith("v:")) return `[=${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
}

const OUTSIDE_FIELDS = new Set(["apiVersion", "kind"]);
const SYSTEM_METADATA = new Set<string>(["name", "namespace", ...SERVER_METADATA]);

function ownMetadata(metadata: Json | undefined): JsonObject {
  return Object.fromEntries(
    Object.entries(objectOf(metadata)).filter(([field]) => !SYSTEM_METADATA.has(field)),
  );
}

interface FieldChange {
  readonly field: string;
  readonly before: Json | undefined;
  readonly after: Json;
}

// Undefined where nothing changed, which a leaf could not say.
function changedValue(type: ResourceType, { field, before, after }: FieldChange): FieldTree | undefined {
  if (before === after) return undefined;
  if (isJsonObject(after) && !isAtomicMap(type, field)) {
    return changedMap(type, { field, before, after });
  }
  if (isJsonList(after)) {
    const keys = listSchemaOf(type)(field)?.applyKeys;
    if (keys !== undefined || isSet(field)) return changedList(type, { field, before, after });
  }
  return equalJson(before, after) ? undefined : NO_FIELDS;
}

interface MapChange extends FieldChange {
  readonly after: JsonObject;
}

function changedMap(type: ResourceType, { before, after }: MapChange): FieldTree | undefined {
  const tree: Record<string, FieldTree> = {};
  const old = isJsonObject(before) ? before : undefined;
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const changed = changedValue(type, { field: name, before: old?.[name], after: value });
    if (changed !== undefined) tree[`f:${name}`] = changed;
  }
  const isSame = old !== undefined && isEmptyTree(tree);
  return isSame ? undefined : tree;
}

interface ListChange extends FieldChange {
  readonly after: readonly Json[];
}

function changedList(type: ResourceType, { field, before, after }: ListChange): FieldTree | undefined {
  const tree: Record<string, FieldTree> = {};
  const old = new Map<string, Json>();
  for (const item of isJsonList(before) ? before : []) old.set(segmentOf(type, field, item), item);
  for (const item of after) {
    const segment = segmentOf(type, field, item);
    const previous = old.get(segment);
    if (segment.startsWith("v:")) {
      if (previous === undefined) tree[segment] = NO_FIELDS;
      continue;
    }
    const changed = changedValue(type, { field: "", before: previous, after: item });
    if (changed !== undefined)
      tree[segment] = previous === undefined ? { [SELF]: NO_FIELDS, ...changed } : changed;
  }
  const isSame = isJsonList(before) && isEmptyTree(tree);
  return isSame ? undefined : tree;
}

/** How a list item is named in a tree: by its keys, or by its value. */
export function segmentOf(type: ResourceType, field: string, item: Json): string {
  const schema = listSchemaOf(type)(field);
  const key = schema?.applyKeys && applyKeyOf(item, schema.applyKeys, schema.defaults);
  return key === undefined ? `v:${JSON.stringify(item)}` : `k:${key}`;
}
