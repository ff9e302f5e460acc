// Objects as text, printed once per version: lists, single answers and every watcher share the same string.

import type { JsonObject } from "./json.ts";
import type { KubeObject } from "./kube-object.ts";
import type { ResourceType } from "./resource-table.ts";
import { apiVersionOf } from "./resource-table.ts";

/** The whole object, kind first. */
export function objectText(object: KubeObject): string {
  return `{"kind":${JSON.stringify(object.kind)},"apiVersion":${JSON.stringify(object.apiVersion)},${bodyText(object).slice(1)}`;
}

/** One line of a watch. */
export function eventLine(type: string, object: KubeObject): string {
  return `{"type":"${type}","object":${objectText(object)}}\n`;
}

/** A list; items of built-in kinds carry no kind and apiVersion of their own, as kube-apiserver prints them. */
export function listText(type: ResourceType, metadata: JsonObject, objects: readonly KubeObject[]): string {
  const items = objects.map(type.isCustom ? objectText : bodyText).join(",");
  return `{"kind":"${type.kind}List","apiVersion":"${apiVersionOf(type)}","metadata":${JSON.stringify(metadata)},"items":[${items}]}`;
}

const bodies = new WeakMap<KubeObject, string>();

function bodyText(object: KubeObject): string {
  let text = bodies.get(object);
  if (text === undefined) {
    const { apiVersion: _apiVersion, kind: _kind, ...body } = object;
    text = JSON.stringify(body);
    bodies.set(object, text);
  }
  return text;
}
