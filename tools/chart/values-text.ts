// values.yaml: every value with its default, and what the schema says of it above.

import { stringify } from "yaml";
import type { z } from "zod";

type Schema = z.core.JSONSchema.BaseSchema;

/** @param indent spaces before each line. */
export function valuesText(schema: Schema, values: object, indent = ""): string {
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => key in values)
    .map(([key, property]) => entryText(key, property as Schema, { values, indent }))
    .join(indent === "" ? "\n" : "");
}

function entryText(
  key: string,
  property: Schema,
  { values, indent }: { readonly values: object; readonly indent: string },
): string {
  const value = (values as Readonly<Record<string, unknown>>)[key];
  const choices =
    property.enum === undefined ? "" : ` (${property.enum.map((each) => each || '""').join(", ")})`;
  const comment = property.description === undefined ? "" : `${indent}# ${property.description}${choices}\n`;
  // A part whose fields all have defaults is itself empty by default; one that has a default of its own is a value.
  if (property.properties !== undefined && Object.keys(property.default ?? {}).length === 0)
    return `${comment}${indent}${key}:\n${valuesText(property, value as object, `${indent}  `)}`;
  const text = stringify({ [key]: value }, { lineWidth: 0 }).replaceAll(/^(?=.)/gm, indent);
  return `${comment}${text}`;
}
