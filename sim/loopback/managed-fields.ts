// metadata.managedFields: who set which field last, so that server-side apply can tell whose they are.
// Source: k8s.io/apimachinery/pkg/util/managedfields. Changes made in process, past the HTTP interface, have no manager.

import { differenceOf, isEmptyTree, unionOf, changedFields } from "./field-tree.ts";
import type { FieldTree } from "./field-tree.ts";
import { equalJson, listOf, objectOf, textOf } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import { timestampText } from "./kube-object.ts";
import { apiVersionOf } from "./resource-table.ts";
import type { ResourceType } from "./resource-table.ts";

export interface ManagedEntry {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource: string;
  readonly apiVersion: string;
  readonly time: string;
  readonly fields: FieldTree;
}

/** Who writes, through which subresource ("" for the object itself), and when. */
export interface Writer {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource: string;
  readonly nowMs: number;
}

export function managedEntries(object: JsonObject): ManagedEntry[] {
  return listOf(objectOf(object["metadata"])["managedFields"]).map((item) => {
    const entry = objectOf(item);
    return {
      manager: textOf(entry["manager"]) ?? "",
      operation: entry["operation"] === "Apply" ? "Apply" : "Update",
      subresource: textOf(entry["subresource"]) ?? "",
      apiVersion: textOf(entry["apiVersion"]) ?? "",
      time: textOf(entry["time"]) ?? "",
      fields: objectOf(entry["fieldsV1"]) as FieldTree,
    };
  });
}

export function isWrittenBy(entry: ManagedEntry, writer: Writer): boolean {
  return (
    entry.manager === writer.manager &&
    entry.operation === writer.operation &&
    entry.subresource === writer.subresource
  );
}

/** The managedFields after an ordinary write: what it changed is the writer's now, and nobody else's. */
export function trackUpdate(type: ResourceType, write: TrackedWrite): Json {
  const { before, after, writer } = write;
  const changed = changedFields(type, before, after);
  const touched = unionOf(changed, changedFields(type, after, before));
  const entries = managedEntries(before);
  if (isEmptyTree(touched)) return managedFieldsOf(entries);
  const own = entries.find((entry) => isWrittenBy(entry, writer));
  const others = entries.filter((entry) => entry !== own).map((entry) => withoutFields(entry, touched));
  const kept = own === undefined ? {} : differenceOf(own.fields, touched);
  return managedFieldsOf(boundUpdaters([...others, entryOf(type, writer, unionOf(kept, changed))]));
}

interface TrackedWrite {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly writer: Writer;
}

export function entryOf(type: ResourceType, writer: Writer, fields: FieldTree): ManagedEntry {
  const { manager, operation, subresource, nowMs } = writer;
  return {
    manager,
    operation,
    subresource,
    apiVersion: apiVersionOf(type),
    time: timestampText(nowMs),
    fields,
  };
}

/** As they stand in an object; managers that own nothing are left out. */
export function managedFieldsOf(entries: readonly ManagedEntry[]): Json {
  return entries.filter((entry) => !isEmptyTree(entry.fields)).map(entryJson);
}

/** The entry without the fields that somebody else wrote. */
export function withoutFields(entry: ManagedEntry, fields: FieldTree): ManagedEntry {
  return isEmptyTree(fields) ? entry : { ...entry, fields: differenceOf(entry.fields, fields) };
}

/** Whether two lists of managers own the same, whatever the times. */
export function ownSame(a: Json | undefined, b: Json | undefined): boolean {
  return equalJson(listOf(a).map(withoutTime), listOf(b).map(withoutTime));
}

function withoutTime(entry: Json): Json {
  return { ...objectOf(entry), time: null };
}

function entryJson({ fields, subresource, ...entry }: ManagedEntry): Json {
  return {
    ...entry,
    fieldsType: "FieldsV1",
    fieldsV1: fields as unknown as JsonObject,
    ...(subresource !== "" && { subresource }),
  };
}

// As kube-apiserver: above ten updaters the oldest are taken together, so that objects do not grow without end.
const UPDATERS_MAX = 10;
const OLD_UPDATERS = "ancient-changes";

function boundUpdaters(entries: ManagedEntry[]): ManagedEntry[] {
  const updaters = entries.filter((entry) => entry.operation === "Update" && !isEmptyTree(entry.fields));
  if (updaters.length <= UPDATERS_MAX) return entries;
  const [oldest, second] = updaters.toSorted((a, b) => (a.time < b.time ? -1 : 1));
  if (oldest === undefined || second === undefined) return entries;
  const together = { ...second, manager: OLD_UPDATERS, fields: unionOf(oldest.fields, second.fields) };
  return [together, ...entries.filter((entry) => entry !== oldest && entry !== second)];
}
