// What a request path names: a collection, an object or a subresource of one of the resources served.

import { unknownResource } from "./api-error.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";
import type { ResourceType } from "./resource-table.ts";

export interface ResourceRoute {
  readonly type: ResourceType;
  /** Absent for cluster-scoped resources and for a list over all namespaces. */
  readonly namespace?: string;
  /** Absent for the collection. */
  readonly name?: string;
  /** `status`, `binding` or `resize`; empty for the object itself. */
  readonly subresource: string;
}

/**
 * The route below `/api/v1` or `/apis/{group}/{version}`; undefined if the path is not of that form or names a group
 * that is not served.
 *
 * @throws ApiError NotFound if the group is served and the resource is not.
 */
export function parseResourceRoute(path: string): ResourceRoute | undefined {
  const segments = path.split("/").slice(1).map(decodeSegment);
  const [root, ...afterRoot] = segments;
  if (root !== "api" && root !== "apis") return undefined;
  const group = root === "api" ? "" : (afterRoot.shift() ?? "");
  const version = afterRoot.shift() ?? "";
  const types = Object.values(RESOURCE_TYPES).filter(
    (type) => type.group === group && type.version === version,
  );
  if (types.length === 0 || afterRoot.length === 0 || afterRoot[0] === "") return undefined;
  return routeWithin(types, afterRoot);
}

function routeWithin(types: readonly ResourceType[], segments: readonly string[]): ResourceRoute {
  // `/namespaces/{name}` is the object, and `/namespaces/{name}/{resource}` a collection inside it.
  const isInNamespace = segments[0] === "namespaces" && segments.length > 2 && segments[2] !== "status";
  const [plural, name, subresource = "", ...rest] = isInNamespace ? segments.slice(2) : segments;
  const type = types.find((candidate) => candidate.plural === plural);
  const isServed = type !== undefined && rest.length === 0 && isSubresource(type, subresource);
  if (!isServed || (isInNamespace && !type.isNamespaced)) throw unknownResource();
  if (type.isNamespaced && !isInNamespace && name !== undefined) throw unknownResource();
  const namespace = isInNamespace ? segments[1] : undefined;
  return {
    type,
    subresource,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && name !== "" && { name }),
  };
}

function isSubresource(type: ResourceType, subresource: string): boolean {
  if (subresource === "") return true;
  if (subresource === "status") return type.hasStatus;
  if (subresource === "approval") return type.plural === "certificatesigningrequests";
  return type.plural === "pods" && (subresource === "binding" || subresource === "resize");
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A malformed escape names nothing that exists, so the lookup of the raw text answers for it.
    return segment;
  }
}
