// What a what-if is asked by: the parameters of its address, and the change they mean.

import { z } from "zod";
import type { AppName, NodeName } from "#model/brand.ts";
import type { Change } from "#sim/plan/what-if.ts";
import { QUESTIONS } from "../../policy/what-if.ts";

/** Another one has it computed anew. */
export const NEWNESS = z
  .string()
  .regex(/^\d{1,15}$/, "is a number")
  .optional();

/** A name in Kubernetes, its namespace before it. */
const NAME_MAX = 320;
/** As many as fit into an address that every proxy passes on. */
const NODES_TEXT_MAX = 4_000;
const FACTOR_MAX = 10;
const CAP_MAX = 1_000;
const COUNT_MAX = 10_000;

export const whatIfParams = z
  .strictObject({
    kind: z.enum(QUESTIONS).optional(),
    app: z
      .string()
      .max(NAME_MAX)
      .regex(/^[^/\s]+\/[^/\s]+$/, "is NAMESPACE/NAME")
      .optional(),
    cap: wholeNumber(1, CAP_MAX),
    nodes: z
      .string()
      .max(NODES_TEXT_MAX)
      .regex(/^[^,\s]+(,[^,\s]+)*$/, "is names of nodes, separated by commas")
      .optional(),
    zone: z.string().max(NAME_MAX).optional(),
    count: wholeNumber(1, COUNT_MAX),
    factor: wholeNumber(2, FACTOR_MAX),
    again: NEWNESS,
  })
  // The kind alone is a form that is not filled in yet.
  .refine((params) => Object.keys(params).length <= 1 || changeOf(params) !== undefined, {
    path: ["kind"],
    error: "cap needs cap, loseNodes needs nodes, loseZone needs zone, drain needs count, multiply needs app",
  });

type Params = Readonly<Record<string, string | undefined>>;

/** Undefined if nothing is asked, or something that it needs is missing. */
export function changeOf({ kind, app, cap, nodes, zone, count, factor = "2" }: Params): Change | undefined {
  if (kind === "cap" && cap !== undefined)
    return { kind, podsPerNodeMax: Number(cap), app: app as AppName | undefined };
  if (kind === "loseNodes" && nodes !== undefined)
    return { kind, nodes: nodes.split(",") as readonly string[] as readonly NodeName[] };
  if (kind === "loseZone" && zone !== undefined) return { kind, zone };
  if (kind === "drain" && count !== undefined) return { kind, count: Number(count) };
  if (kind === "multiply" && app !== undefined) return { kind, app: app as AppName, factor: Number(factor) };
  return undefined;
}

function wholeNumber(min: number, max: number): z.ZodOptional<z.ZodString> {
  return z
    .string()
    .refine((text) => /^\d{1,6}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `is a whole number from ${min} to ${max}`,
    })
    .optional();
}
