// Which lists are merged item by item, and by which fields; all others are replaced as a whole. Source: the
// patchMergeKey and listMapKey marks of k8s.io/api core/v1, apps/v1 and admissionregistration/v1, for the kinds served.

import type { Json, JsonObject } from "./json.ts";
import { isJsonObject } from "./json.ts";
import type { ResourceType } from "./resource-table.ts";

export interface ListKeys {
  /** What strategic merge patch matches items by; absent where it replaces the list. */
  readonly mergeKey?: string;
  /** What server-side apply matches items by; absent where it owns the list as a whole. */
  readonly applyKeys?: readonly string[];
  /** Values of apply keys that items may leave out. */
  readonly defaults?: JsonObject;
}

/** The keys of the list in field `field`; undefined for a list without keys. */
export type ListSchema = (field: string) => ListKeys | undefined;

export function listSchemaOf(type: ResourceType): ListSchema {
  const keys = type.isCustom
    ? CUSTOM_LISTS
    : type.plural === "endpointslices"
      ? METADATA_LISTS
      : BUILT_IN_LISTS;
  return (field) => keys[field];
}

/** Maps that are replaced as a whole by server-side apply (mapType=atomic), by field name, in built-in kinds. */
export function isAtomicMap(type: ResourceType, field: string): boolean {
  return !type.isCustom && ATOMIC_MAPS.has(field);
}

/** A list of plain values with set semantics. */
export function isSet(field: string): boolean {
  return field === "finalizers";
}

/** The item's apply keys as an object with sorted fields, or undefined if one is missing. */
export function applyKeyOf(
  item: Json,
  keys: readonly string[],
  defaults: JsonObject = {},
): string | undefined {
  if (!isJsonObject(item)) return undefined;
  const values: [string, Json][] = [];
  for (const key of keys) {
    const value = item[key] ?? defaults[key];
    if (value === undefined) return undefined;
    values.push([key, value]);
  }
  return JSON.stringify(Object.fromEntries(values.sort(([a], [b]) => (a < b ? -1 : 1))));
}

const byName: ListKeys = { mergeKey: "name", applyKeys: ["name"] };

const METADATA_LISTS: Readonly<Record<string, ListKeys>> = {
  ownerReferences: { mergeKey: "uid", applyKeys: ["uid"] },
};

const CUSTOM_LISTS: Readonly<Record<string, ListKeys>> = {
  ...METADATA_LISTS,
  conditions: { applyKeys: ["type"] },
};

const BUILT_IN_LISTS: Readonly<Record<string, ListKeys>> = {
  ...METADATA_LISTS,
  containers: byName,
  initContainers: byName,
  ephemeralContainers: byName,
  env: byName,
  volumes: { mergeKey: "name", applyKeys: ["name"] },
  volumeMounts: { mergeKey: "mountPath", applyKeys: ["mountPath"] },
  volumeDevices: { mergeKey: "devicePath", applyKeys: ["devicePath"] },
  ports: {
    mergeKey: "containerPort",
    applyKeys: ["containerPort", "protocol"],
    defaults: { protocol: "TCP" },
  },
  imagePullSecrets: byName,
  hostAliases: { mergeKey: "ip", applyKeys: ["ip"] },
  schedulingGates: byName,
  resourceClaims: byName,
  topologySpreadConstraints: {
    mergeKey: "topologyKey",
    applyKeys: ["topologyKey", "whenUnsatisfiable"],
  },
  conditions: { mergeKey: "type", applyKeys: ["type"] },
  podIPs: { mergeKey: "ip", applyKeys: ["ip"] },
  hostIPs: { mergeKey: "ip" },
  addresses: { mergeKey: "type", applyKeys: ["type"] },
  taints: { mergeKey: "key" },
  webhooks: byName,
};

const ATOMIC_MAPS = new Set([
  "nodeSelector",
  "selector",
  "labelSelector",
  "namespaceSelector",
  "objectSelector",
  "fieldRef",
  "resourceFieldRef",
  "configMapKeyRef",
  "secretKeyRef",
]);
