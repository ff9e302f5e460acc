// What a structural schema has against a value, by its types, bounds, patterns and keys. Rules in CEL are not evaluated: the
// decoder holds them too.

import type { StructuralSchema } from "./structural-schema.ts";

/** One line for each refusal: the path of the field, then why. */
export function schemaRefusals(schema: StructuralSchema, value: unknown, path = ""): readonly string[] {
  if (!isOfType(value, schema.type)) return [`${path}: is no ${schema.type}`];
  if (typeof value === "number") return numberRefusals(schema, value).map((why) => `${path}: ${why}`);
  if (typeof value === "string") return textRefusals(schema, value).map((why) => `${path}: ${why}`);
  if (Array.isArray(value)) return listRefusals(schema, value, path);
  if (typeof value !== "object" || value === null || schema.properties === undefined) return [];
  const given = new Map(Object.entries(value));
  const below = (name: string): string => (path === "" ? name : `${path}.${name}`);
  return [
    ...(schema.required ?? [])
      .filter((name) => !given.has(name))
      .map((name) => `${below(name)}: is required`),
    ...[...given].flatMap(([name, field]) => {
      const known = schema.properties?.[name];
      return known === undefined ? [`${below(name)}: is unknown`] : schemaRefusals(known, field, below(name));
    }),
  ];
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function listRefusals(schema: StructuralSchema, items: readonly unknown[], path: string): readonly string[] {
  const { items: item, maxItems = Infinity } = schema;
  const keys = items.map((item) => keyOf(schema, item));
  return [
    ...(items.length > maxItems ? [`${path}: has more than ${maxItems} items`] : []),
    ...items.flatMap((value, index) =>
      item === undefined ? [] : schemaRefusals(item, value, `${path}[${index}]`),
    ),
    ...keys.flatMap((key, index) =>
      key !== undefined && keys.indexOf(key) < index ? [`${path}[${index}]: is there twice`] : [],
    ),
  ];
}

// Undefined where items are not told apart.
function keyOf(schema: StructuralSchema, item: unknown): string | undefined {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (keys === undefined || !isOfType(item, "object")) return undefined;
  return JSON.stringify(keys.map((key) => (item as Readonly<Record<string, unknown>>)[key]));
}

function numberRefusals(schema: StructuralSchema, value: number): readonly string[] {
  const { minimum = -Infinity, exclusiveMinimum = false, maximum = Infinity } = schema;
  const isTooSmall = exclusiveMinimum ? value <= minimum : value < minimum;
  return [
    ...(isTooSmall ? [`is below ${minimum}`] : []),
    ...(value > maximum ? [`is above ${maximum}`] : []),
  ];
}

function textRefusals(schema: StructuralSchema, value: string): readonly string[] {
  const { pattern, minLength = 0, maxLength = Infinity, format, enum: values } = schema;
  return [
    ...(value.length < minLength ? [`is shorter than ${minLength}`] : []),
    ...(value.length > maxLength ? [`is longer than ${maxLength}`] : []),
    ...(pattern !== undefined && !new RegExp(pattern).test(value) ? [`is not like ${pattern}`] : []),
    ...(values !== undefined && !values.includes(value) ? [`is none of ${values.join(", ")}`] : []),
    ...(format === "date-time" && !DATE_TIME.test(value) ? ["is no time"] : []),
  ];
}

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
