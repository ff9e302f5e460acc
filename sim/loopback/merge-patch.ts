// RFC 7386: objects merge, null removes, everything else replaces.

import { isJsonObject } from "./json.ts";
import type { Json } from "./json.ts";

export function applyMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const merged: Record<string, Json | undefined> = isJsonObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete merged[field];
    else merged[field] = applyMergePatch(merged[field], value);
  }
  return merged;
}
