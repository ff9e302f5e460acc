// What a CustomResourceDefinition's schema makes of an object: fields that it does not know are dropped, or refused
// under strict validation, and wrong values are refused with the path of the field. The schemas are those that the
// definitions are generated from.

import type { z } from "zod";
import {
  APP_NAME_LENGTH_MAX,
  meshProfileSpecSchema,
  meshProfileStatusSchema,
} from "#kube/mesh-profile-schema.ts";
import { badRequest, invalid, type StatusCause } from "./api-error.ts";
import { isJsonObject, type Json, type JsonObject, objectOf, textOf } from "./json.ts";
import { type ResourceName, type ResourceType } from "./resource-table.ts";

interface CustomSchema {
  readonly nameLengthMax: number;
  readonly sections: Readonly<Record<string, z.ZodType>>;
}

const SCHEMAS: Partial<Record<ResourceName, CustomSchema>> = {
  meshprofiles: {
    nameLengthMax: APP_NAME_LENGTH_MAX,
    sections: { spec: meshProfileSpecSchema, status: meshProfileStatusSchema },
  },
};

/**
 * The object without unknown fields; kinds without a schema are left as they are.
 *
 * @throws ApiError Invalid with a cause per wrong field; BadRequest for unknown fields if `isStrict`.
 */
export function validCustomObject<T extends JsonObject>(
  type: ResourceType,
  object: T,
  { isStrict }: { readonly isStrict: boolean },
): T {
  const schema = SCHEMAS[type.plural];
  if (schema === undefined) return object;
  const name = textOf(objectOf(object["metadata"])["name"]) ?? "";
  const causes = [...causesOfName(name, schema)];
  const unknown: string[] = [];
  let pruned: JsonObject = object;
  for (const [section, sectionSchema] of Object.entries(schema.sections)) {
    const value = object[section];
    if (value === undefined) continue;
    const { issues } = sectionSchema.safeParse(value).error ?? { issues: [] };
    for (const issue of issues) {
      const path = [section, ...issue.path.map(pathPart)];
      if (issue.code !== "unrecognized_keys") {
        causes.push({
          reason: "FieldValueInvalid",
          message: `Invalid value: ${issue.message}`,
          field: fieldText(path),
        });
        continue;
      }
      for (const key of issue.keys) {
        unknown.push(fieldText([...path, key]));
        pruned = objectOf(without(pruned, [...path, key]));
      }
    }
  }
  if (isStrict && unknown.length > 0) {
    const list = unknown.map((field) => `unknown field "${field}"`).join(", ");
    throw badRequest(
      `${type.kind} in version "${type.version}" cannot be handled: strict decoding error: ${list}`,
    );
  }
  if (causes.length > 0) throw invalid(type, name, causes);
  return pruned as T;
}

function* causesOfName(name: string, { nameLengthMax }: CustomSchema): Iterable<StatusCause> {
  if (name.length <= nameLengthMax) return;
  yield {
    reason: "FieldValueInvalid",
    message: `Invalid value: "${name}": must be at most ${nameLengthMax} characters long`,
    field: "metadata.name",
  };
}

type PathPart = string | number;

function pathPart(part: PropertyKey): PathPart {
  return typeof part === "number" ? part : String(part);
}

/** `status.conditions[0].reason` */
function fieldText([first, ...rest]: readonly PathPart[]): string {
  return rest.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : `${text}.${part}`),
    String(first),
  );
}

function without(value: Json | undefined, [part, ...rest]: readonly PathPart[]): Json {
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === part ? without(item, rest) : item));
  }
  if (!isJsonObject(value)) return value ?? null;
  const kept = Object.entries(value).filter(([key]) => key !== part || rest.length > 0);
  return Object.fromEntries(kept.map(([key, inner]) => [key, key === part ? without(inner, rest) : inner]));
}
