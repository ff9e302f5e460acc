// RFC 6902: a list of operations, carried out all or none.

import { badRequest, tooLarge, unprocessablePatch } from "./api-error.ts";
import { equalJson, isJsonList, isJsonObject, objectOf, textOf } from "./json.ts";
import type { Json } from "./json.ts";

/**
 * @throws ApiError BadRequest for what is not a patch, Invalid for a patch that does not fit the document.
 */
export function applyJsonPatch(document: Json, patch: Json): Json {
  if (!isJsonList(patch)) throw badRequest("a JSON patch is a list of operations");
  if (patch.length > OPERATIONS_MAX) throw tooLarge(`${OPERATIONS_MAX} operations in a JSON patch`);
  return patch.reduce<Json>((current, operation) => applyOperation(current, operation), document);
}

// The same number as kube-apiserver's maxJSONPatchOperations.
const OPERATIONS_MAX = 10_000;

function applyOperation(document: Json, operation: Json): Json {
  const { op, path, from, value } = objectOf(operation);
  const target = parsePointer(textOf(path));
  switch (op) {
    case "add":
      return added(document, target, given(value));
    case "remove":
      return removed(document, target);
    case "replace":
      return replaced(document, target, given(value));
    case "move":
      return added(
        removed(document, parsePointer(textOf(from))),
        target,
        lookup(document, parsePointer(textOf(from))),
      );
    case "copy":
      return added(document, target, lookup(document, parsePointer(textOf(from))));
    case "test":
      if (!equalJson(find(document, target) ?? null, value ?? null)) {
        throw unprocessablePatch(`the JSON patch's test of "${textOf(path)}" failed`);
      }
      return document;
    default:
      throw badRequest(`the JSON patch has an unknown operation: ${JSON.stringify(op)}`);
  }
}

type Pointer = readonly string[];

function parsePointer(text: string | undefined): Pointer {
  if (text === "") return [];
  if (text === undefined || !text.startsWith("/")) throw badRequest("a JSON patch path starts with a slash");
  return text
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function given(value: Json | undefined): Json {
  if (value === undefined) throw badRequest("a JSON patch operation lacks its value");
  return value;
}

function find(document: Json, pointer: Pointer): Json | undefined {
  let current: Json | undefined = document;
  for (const token of pointer) {
    if (isJsonList(current)) current = current[indexOf(token, current.length - 1)];
    else current = isJsonObject(current) && Object.hasOwn(current, token) ? current[token] : undefined;
  }
  return current;
}

function lookup(document: Json, pointer: Pointer): Json {
  const value = find(document, pointer);
  if (value === undefined)
    throw unprocessablePatch(`the JSON patch names a missing path: /${pointer.join("/")}`);
  return value;
}

function added(document: Json, pointer: Pointer, value: Json): Json {
  return edited(document, pointer, (parent, token) => {
    if (token === undefined) return value;
    if (!isJsonList(parent)) return { ...objectOf(parent), [token]: value };
    const index = token === "-" ? parent.length : indexOf(token, parent.length);
    return [...parent.slice(0, index), value, ...parent.slice(index)];
  });
}

function removed(document: Json, pointer: Pointer): Json {
  lookup(document, pointer);
  return edited(document, pointer, (parent, token) => {
    if (token === undefined) return null;
    if (isJsonList(parent)) return parent.toSpliced(indexOf(token, parent.length - 1), 1);
    const { [token]: _removed, ...rest } = objectOf(parent);
    return rest;
  });
}

function replaced(document: Json, pointer: Pointer, value: Json): Json {
  lookup(document, pointer);
  return edited(document, pointer, (parent, token) => {
    if (token === undefined) return value;
    if (isJsonList(parent)) return parent.with(indexOf(token, parent.length - 1), value);
    return { ...objectOf(parent), [token]: value };
  });
}

// What stands in the place of `parent`; without a token the whole document is meant.
type Edit = (parent: Json, token: string | undefined) => Json;

// Rebuilds the way from the root to the place of the edit; everything beside it is shared.
function edited(document: Json, pointer: Pointer, edit: Edit): Json {
  const [token, ...rest] = pointer;
  if (token === undefined) return edit(document, undefined);
  if (!isJsonList(document) && !isJsonObject(document)) {
    throw unprocessablePatch(`the JSON patch names a missing path: ${token}`);
  }
  if (rest.length === 0) return edit(document, token);
  const next = edited(lookup(document, [token]), rest, edit);
  if (isJsonList(document)) return document.with(indexOf(token, document.length - 1), next);
  return { ...document, [token]: next };
}

function indexOf(token: string, highest: number): number {
  const index = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : -1;
  if (index < 0 || index > highest)
    throw unprocessablePatch(`the JSON patch names a missing index: ${token}`);
  return index;
}
