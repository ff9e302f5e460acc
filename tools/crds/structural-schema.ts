// A zod schema as the structural schema of a CustomResourceDefinition (apiextensions.k8s.io/v1).

import { z } from "zod";

/** The part of OpenAPI v3 that structural schemas here are made of. */
export interface StructuralSchema {
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly items?: StructuralSchema;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** A map's items are told apart by its keys: one item per key, and server-side apply owns them one by one. */
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  /** What is in it is kept as it is. */
  readonly "x-kubernetes-preserve-unknown-fields"?: true;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  /** Relative to the object the rule stands at, such as `.burst`. */
  readonly fieldPath?: string;
}

/**
 * The schema of what may be written. That unknown keys are refused does not fit in a structural schema
 * (`additionalProperties` beside `properties` is forbidden): the API server drops them, with a warning, or refuses the
 * request if it asks for `fieldValidation=Strict`, as kubectl does.
 */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  // The input's shape: the output's would also forbid unknown keys of plain objects.
  return adapted(z.toJSONSchema(schema, { io: "input", target: "openapi-3.0" }) as JsonSchema);
}

interface JsonSchema extends Omit<StructuralSchema, "properties" | "items"> {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: unknown;
}

function adapted({ additionalProperties, properties, items, ...rest }: JsonSchema): StructuralSchema {
  const isKept = rest["x-kubernetes-preserve-unknown-fields"] === true;
  if (additionalProperties !== undefined && additionalProperties !== false && !isKept) {
    throw new Error("maps are not adapted: only objects with named fields are");
  }
  return {
    ...rest,
    ...formatOf(rest),
    ...(items === undefined ? {} : { items: adapted(items) }),
    ...(properties === undefined || isKept
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, schema]) => [name, adapted(schema)]),
          ),
        }),
  };
}

const INT32_MAX = 2 ** 31 - 1;

function formatOf({ type, maximum }: JsonSchema): { readonly format?: string } {
  if (type !== "integer") return {};
  return { format: maximum !== undefined && maximum <= INT32_MAX ? "int32" : "int64" };
}
