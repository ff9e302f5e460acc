// What the schemas of the custom resources share: bounded quantities, counts, and rules that the API server and the
// decoder hold alike.

import { z } from "zod";
import { QuantityError } from "#model/quantity.ts";

// The JSON schema carries what the code checks here, so that the API server refuses at least what this refuses. Its
// pattern leaves out signs and exponents that no cost or quota needs, and its maxima are round numbers just below the
// 2^53 millicores or bytes that are counted exactly.
const QUANTITY_PATTERN = String.raw`^([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[1-3]?[0-9])?$`;
const QUANTITY_LENGTH_MAX = 64;

// Far above what one node's proxy can hold or do, and exact in every number format on the way.
export const COUNT_MAX = 2 ** 31 - 1;
export const count = z.int().min(1).max(COUNT_MAX);

export function atMost(quantity: z.ZodType<string>, max: string): z.ZodType<string> {
  return quantity.meta({
    pattern: QUANTITY_PATTERN,
    maxLength: QUANTITY_LENGTH_MAX,
    "x-kubernetes-validations": [comparison("<=", max)],
  });
}

export function between(
  quantity: z.ZodType<string>,
  {
    parse,
    min,
    max,
  }: { readonly parse: (text: string) => number; readonly min: string; readonly max: string },
): z.ZodType<string> {
  return quantity
    .refine((text) => !isQuantity(text, parse) || parse(text) >= parse(min), {
      error: `must be at least ${min}`,
    })
    .meta({
      pattern: QUANTITY_PATTERN,
      maxLength: QUANTITY_LENGTH_MAX,
      "x-kubernetes-validations": [comparison(">=", min), comparison("<=", max)],
    });
}

function comparison(
  operator: "<=" | ">=",
  bound: string,
): { readonly rule: string; readonly message: string } {
  return {
    // What is no quantity is refused by the pattern, and need not be said twice.
    rule: `!isQuantity(self) || quantity(self).compareTo(quantity('${bound}')) ${operator} 0`,
    message: `must be at ${operator === "<=" ? "most" : "least"} ${bound}`,
  };
}

/** False for what the schema refuses as no quantity. */
export function isQuantity(text: string, parse: (text: string) => number): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

export interface FieldRule<T> {
  /** The field of the object that an error is reported at. */
  readonly field: keyof T & string;
  readonly message: string;
  /** In CEL, for the API server. */
  readonly rule: string;
  /** The same rule here. */
  readonly holds: (value: T) => boolean;
}

/** Fields that depend on each other, refused by the decoder as by the API server. */
export function withRules<T extends object>(
  schema: z.ZodType<T>,
  rules: readonly FieldRule<T>[],
): z.ZodType<T> {
  let ruled = schema;
  for (const { field, message, holds } of rules)
    ruled = ruled.refine(holds, { error: message, path: [field] });
  return ruled.meta({
    "x-kubernetes-validations": rules.map(({ field, message, rule }) => ({
      rule,
      message,
      fieldPath: `.${field}`,
    })),
  });
}

// exactOptionalPropertyTypes: an absent limit is an absent key.
export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
