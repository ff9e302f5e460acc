// What proxies really use in a scenario, field by field, and as the engine takes it.

import { resolve } from "node:path";
import { z } from "zod";
import { UsageError } from "#runtime/usage-error.ts";
import { cpuQuantity, memoryQuantity } from "#runtime/quantity-schema.ts";
import type { UsageConditions } from "../engine/usage-run.ts";
import { DEFAULT_BURSTS } from "../sizing/app-load.ts";
import type { DailyCurve } from "../sizing/daily-curves.ts";
import { SIZING_NAMES } from "../sizing/run-policies.ts";
import { loadAppCurves } from "../traces/app-curves.ts";
import type { TracePod } from "../traces/trace.ts";
import type { PlaceOf } from "./place-of.ts";
import { resourcesOf } from "./written-resources.ts";

const DAY_SECONDS = 86_400;
/** An assumption: two thirds of the apps cost within 15 % of what their profiles say. */
const PROFILE_DEVIATION = 0.15;
const NODES_DEFAULT = 50;
/** Some ten minutes of work: every sizing is asked about every one of them. */
const NODE_MINUTES_MAX = 5_000_000;

export const usage = z
  .strictObject({
    curves: z
      .string()
      .min(1)
      .optional()
      .describe("table of apps with their day's curve (app, cpu_curve_98pt_cores); seeded curves if absent"),
    nodes: z.int().min(1).max(5_000).default(NODES_DEFAULT).describe("watched: the first that have pods"),
    warmUpSeconds: z
      .number()
      .min(0)
      .optional()
      .describe("played and not counted; a day, or half of a shorter trace, if absent"),
    sizing: z
      .array(z.enum(SIZING_NAMES))
      .min(1)
      .default([...SIZING_NAMES])
      .describe("compared"),
    template: z
      .strictObject({
        cpu: z.union([z.number().positive(), cpuQuantity]),
        memory: z.union([z.number().positive(), memoryQuantity]),
      })
      .optional()
      .describe("of every proxy, for sizing template; the warm-up's busiest node and a fifth if absent"),
    burstsPerDay: z.number().min(0).max(1440).default(DEFAULT_BURSTS.perDay).describe("of each app"),
    burstFactorMax: z.number().min(1).max(100).default(DEFAULT_BURSTS.factorMax),
    profileDeviation: z
      .number()
      .min(0)
      .max(2)
      .default(PROFILE_DEVIATION)
      .describe("of true costs from the profiles', as the deviation of their logarithm"),
  })
  .optional()
  .describe("what instances really use, and what becomes of their proxies; not played if absent");

type WrittenUsage = NonNullable<z.infer<typeof usage>>;

export interface UsageGround {
  readonly pods: readonly TracePod[];
  readonly folder: string;
  readonly placeOf: PlaceOf | undefined;
}

/** @throws UsageError for a table that cannot be read, and for what could never count. */
export async function usageOf(
  written: WrittenUsage,
  { pods, folder, placeOf }: UsageGround,
): Promise<UsageConditions> {
  const wrong = (field: keyof WrittenUsage, what: string): UsageError =>
    new UsageError(`${placeOf === undefined ? "" : `${placeOf(["usage", field])}: `}usage.${field}: ${what}`);
  const spanSeconds = spanOf(pods);
  const { warmUpSeconds = Math.min(DAY_SECONDS, spanSeconds / 2), nodes } = written;
  if (warmUpSeconds >= spanSeconds) {
    throw wrong(
      "warmUpSeconds",
      `the trace lasts ${spanSeconds} seconds, so that no minute would count; make the warm-up shorter`,
    );
  }
  if ((spanSeconds / 60) * nodes > NODE_MINUTES_MAX) {
    const most = Math.max(1, Math.floor(NODE_MINUTES_MAX / (spanSeconds / 60)));
    throw wrong(
      "nodes",
      `the trace lasts ${Math.round(spanSeconds / 60)} minutes; watch at most ${most} nodes`,
    );
  }
  if (warmUpSeconds < 60 && written.template === undefined && written.sizing.includes("template")) {
    throw wrong(
      "warmUpSeconds",
      "a template is chosen after a look at the warm-up; make that a minute at least, or give the template",
    );
  }
  const curves =
    written.curves === undefined ? undefined : await loadAppCurves(resolve(folder, written.curves));
  if (curves !== undefined && !pods.some(({ app }) => curves.has(app)))
    throw wrong("curves", `${written.curves} has no curve of any app of the trace`);
  return {
    nodesMax: nodes,
    warmUpSeconds,
    sizings: [...new Set(written.sizing)],
    template: written.template && resourcesOf(written.template),
    curves: curves ?? new Map<string, DailyCurve>(),
    bursts: { perDay: written.burstsPerDay, factorMax: written.burstFactorMax },
    profileDeviation: written.profileDeviation,
  };
}

/** From the first arrival to the last event. */
function spanOf(pods: readonly TracePod[]): number {
  let [first, last] = [Infinity, -Infinity];
  for (const { createSeconds, deleteSeconds = createSeconds } of pods) {
    first = Math.min(first, createSeconds);
    last = Math.max(last, createSeconds, deleteSeconds);
  }
  return pods.length === 0 ? 0 : last - first;
}
