// What components change of the base's objects, as places in these that depend on whether a component is chosen. The
// components' own patches are read: JSON patches of the operations that they use, and deletions.

import { Choice, expression } from "./template-node.ts";

export type Tree = Record<string, unknown>;

export interface ObjectPatch {
  readonly target?: { readonly kind: string; readonly name: string };
  /** Already parsed. */
  readonly patch: readonly PatchOperation[] | DeletedObject;
}

interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

interface DeletedObject {
  readonly $patch: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

export interface ChartObject {
  /** Plain values and places for values. */
  tree: Tree;
  /** Template conditions that all have to hold. */
  readonly conditions: string[];
}

/**
 * Has the objects depend on a component.
 *
 * @throws Error if a patch finds no object, or says what this does not know.
 */
export function applyComponent(
  objects: readonly ChartObject[],
  patches: readonly ObjectPatch[],
  condition: string,
): void {
  for (const { target, patch } of patches) {
    if ("$patch" in patch) {
      objectNamed(objects, patch.kind, patch.metadata.name).conditions.push(negation(condition));
      continue;
    }
    if (target === undefined) throw new Error(`a patch without a target: ${JSON.stringify(patch)}`);
    const { tree } = objectNamed(objects, target.kind, target.name);
    for (const operation of patch) apply(tree, operation, condition);
  }
}

function objectNamed(objects: readonly ChartObject[], kind: string, name: string): ChartObject {
  const found = objects.find(
    ({ tree }) => tree["kind"] === kind && (tree["metadata"] as Tree)["name"] === name,
  );
  if (found === undefined) throw new Error(`a component changes ${kind} ${name}, which is not there`);
  return found;
}

function apply(tree: Tree, { op, path, value }: PatchOperation, condition: string): void {
  const keys = path.split("/").slice(1);
  const last = keys.pop() ?? "";
  const place = keys.reduce<unknown>((at, key) => (at as Tree)[key], tree) as Tree | unknown[];
  if (op === "test") return;
  if (Array.isArray(place)) applyToList(place, { op, key: last, value }, condition);
  else if (op === "replace" || op === "add") {
    place[last] = new Choice(`if ${condition}`, value, place[last]);
  } else throw new Error(`a patch's ${op} ${path}`);
}

interface ListOperation {
  readonly op: string;
  readonly key: string;
  readonly value: unknown;
}

// One item stays one item, so that the places of later operations are still right.
function applyToList(list: unknown[], { op, key, value }: ListOperation, condition: string): void {
  if (op === "add" && key === "-") return void list.push(new Choice(`if ${condition}`, value));
  const index = Number(key);
  if (op === "replace") list[index] = new Choice(`if ${condition}`, value, list[index]);
  else if (op === "remove") list[index] = new Choice(`if ${negation(condition)}`, list[index]);
  else throw new Error(`a patch's ${op} of item ${key}`);
}

function negation(condition: string): string {
  return condition.startsWith("not ") ? condition.slice("not ".length) : `not (${condition})`;
}

/** The same with every text changed. */
export function withTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (value instanceof Choice)
    return new Choice(
      value.action,
      withTexts(value.present, change),
      value.otherwise === undefined ? undefined : withTexts(value.otherwise, change),
    );
  if (Array.isArray(value)) return value.map((item) => withTexts(item, change));
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withTexts(entry, change)]));
}

/** Other programs' templates, such as Prometheus' and Grafana's, as Helm leaves them alone. */
export function literally(text: string): string {
  // A YAML text cannot begin with a brace unless it is quoted.
  if (text.startsWith("{{") && !text.includes("\n")) return expression(`${JSON.stringify(text)} | quote`);
  return text.replaceAll("{{", expression('"{{"'));
}

/** Berth's namespace is the release's. */
export function inNamespaceOfRelease(text: string): string {
  return text.replaceAll("berth-system", expression(".Release.Namespace"));
}
