// What a structural schema has against a value, by its types, bounds and patterns. Rules in CEL are not evaluated: the
// decoder holds them too.

import type { StructuralSchema } from "./structural-schema.ts";

/** One line for each refusal: the path of the field, then why. */
export function schemaRefusals(schema: StructuralSchema, value: unknown, path = ""): readonly string[] {
  if (!isOfType(value, schema.type)) return [`${path}: is no ${schema.type}`];
  if (typeof value === "number") return numberRefusals(schema, value).map((why) => `${path}: ${why}`);
  if (typeof value === "string") return textRefusals(schema, value).map((why) => `${path}: ${why}`);
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
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
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
  const { pattern, maxLength = Infinity } = schema;
  return [
    ...(value.length > maxLength ? [`is longer than ${maxLength}`] : []),
    ...(pattern !== undefined && !new RegExp(pattern).test(value) ? [`is not like ${pattern}`] : []),
  ];
}
