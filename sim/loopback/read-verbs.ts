// GET of one object, and of a collection page by page.

import { badRequest, expired, notFound, resourceVersionTooLarge } from "./api-error.ts";
import type { ApiAnswer } from "./api-request.ts";
import type { ContinueTokens, ListPosition } from "./continue-tokens.ts";
import type { KubeObject } from "./kube-object.ts";
import type { ObjectStore } from "./object-store.ts";
import { listText, objectText } from "./object-text.ts";
import type { ResourceRoute } from "./route.ts";
import { parseSelectors } from "./selector.ts";

export function getObject(store: ObjectStore, { type, namespace, name = "" }: ResourceRoute): ApiAnswer {
  const object = store.get(type.plural, { namespace, name });
  if (object === undefined) throw notFound(type, name);
  return { code: 200, text: objectText(object) };
}

export interface ListRequest {
  readonly route: ResourceRoute;
  readonly query: URLSearchParams;
}

export function listObjects(store: ObjectStore, tokens: ContinueTokens, request: ListRequest): ApiAnswer {
  const { route, query } = request;
  const selects = parseSelectors(route.type, query);
  const limit = parseLimit(query.get("limit"));
  const from = startOf(store, tokens, request);
  const { namespace } = route;
  const isWanted = (object: KubeObject): boolean =>
    (namespace === undefined || object.metadata.namespace === namespace) && (selects?.(object) ?? true);

  const page: KubeObject[] = [];
  let index = from.index;
  for (; index < from.objects.length && page.length < limit; index++) {
    const object = from.objects[index];
    if (object !== undefined && isWanted(object)) page.push(object);
  }
  const rest = from.objects.slice(index);
  const remaining = limit === Infinity ? 0 : countUpTo(rest, isWanted);
  const metadata = {
    resourceVersion: String(from.resourceVersion),
    ...(remaining > 0 && { continue: tokens.issue({ ...from, index }) }),
    ...(remaining > 0 && selects === undefined && { remainingItemCount: remaining }),
  };
  return { code: 200, text: listText(route.type, metadata, page) };
}

function countUpTo(objects: readonly KubeObject[], isWanted: (object: KubeObject) => boolean): number {
  let count = 0;
  for (const object of objects) if (isWanted(object)) count += 1;
  return count;
}

function startOf(store: ObjectStore, tokens: ContinueTokens, { route, query }: ListRequest): ListPosition {
  const resource = route.type.plural;
  const token = query.get("continue");
  const requested = query.get("resourceVersion") ?? "";
  if (token) {
    if (requested !== "" && requested !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    return tokens.resume(resource, token);
  }
  const current = store.resourceVersion;
  const version = parseResourceVersion(requested) ?? 0;
  if (version > current) throw resourceVersionTooLarge(version, current);
  // Past states are not kept, as after a compaction.
  if (query.get("resourceVersionMatch") === "Exact" && version !== current) {
    throw expired(`The resourceVersion for the provided list is too old: ${version}`);
  }
  return { resource, resourceVersion: current, objects: store.list(resource), index: 0 };
}

/**
 * A resourceVersion parameter as a number; undefined if it was left out.
 *
 * @throws ApiError BadRequest
 */
export function parseResourceVersion(text: string): number | undefined {
  if (text === "") return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(`Invalid value: ${JSON.stringify(text)}: invalid resource version`);
  return Number(text);
}

function parseLimit(text: string | null): number {
  if (text === null || text === "" || text === "0") return Infinity;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 0) throw badRequest(`invalid limit: ${JSON.stringify(text)}`);
  return limit;
}
