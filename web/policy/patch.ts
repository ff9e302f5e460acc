// What changed from one view to the next, so that a screen of 5,000 nodes is sent once and then only its changes. Views are
// plain JSON. Objects are compared key by key; anything else, lists included, is replaced as a whole: a view that should
// travel well holds its rows in an object by their names, not in a list.

/** Plain JSON; a key whose value is undefined counts as absent, as JSON.stringify has it. */
export type Json =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Json[]
  | { readonly [key: string]: Json };

export interface Patch {
  /** Keys that are new or have another value. */
  readonly set?: Readonly<Record<string, Json>>;
  /** Keys whose objects changed in part. */
  readonly in?: Readonly<Record<string, Patch>>;
  /** Keys that are gone. */
  readonly cut?: readonly string[];
}

type JsonObject = { readonly [key: string]: Json };

/** What makes `after` of `before`; undefined if they are equal. */
export function patchBetween(before: JsonObject, after: JsonObject): Patch | undefined {
  const set: Record<string, Json> = {};
  const inner: Record<string, Patch> = {};
  const cut: string[] = [];
  for (const [key, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (isObject(old) && isObject(value)) {
      const patch = patchBetween(old, value);
      if (patch !== undefined) put(inner, key, patch);
    } else if (!isEqual(old, value)) put(set, key, value);
  }
  for (const [key, value] of Object.entries(before))
    if (value !== undefined && (!Object.hasOwn(after, key) || after[key] === undefined)) cut.push(key);
  const hasSet = Object.keys(set).length > 0;
  const hasInner = Object.keys(inner).length > 0;
  if (!hasSet && !hasInner && cut.length === 0) return undefined;
  return { ...(hasSet && { set }), ...(hasInner && { in: inner }), ...(cut.length > 0 && { cut }) };
}

/** The patched object, a new one; what did not change is shared with `before`. */
export function applyPatch(before: JsonObject, patch: Patch): JsonObject {
  const after: Record<string, Json> = { ...before };
  for (const key of patch.cut ?? []) delete after[key];
  for (const [key, value] of Object.entries(patch.set ?? {})) put(after, key, value);
  for (const [key, inner] of Object.entries(patch.in ?? {})) {
    const old = before[key];
    put(after, key, applyPatch(isObject(old) ? old : {}, inner));
  }
  return after;
}

// An app may be called "__proto__" as far as JSON is concerned; assigning to it would not make a key.
function put<T>(target: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

function isEqual(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  return isObject(a) && isObject(b) && patchBetween(a, b) === undefined;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
