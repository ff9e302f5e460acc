// What happens in a scenario beside its trace, as the file writes it: the engine's events, field by field.

import { z } from "zod";
import type { ScenarioEvent } from "../engine/scenario-event.ts";

const atSeconds = z.number().describe("on the trace's clock; after what the trace has in that second");
const seconds = z.number().min(0);
const evictSeconds = seconds
  .exactOptional()
  .describe("until their pods are missed and made anew; Kubernetes' defaults if absent");
const backAfterSeconds = seconds
  .exactOptional()
  .describe("until they are there again, empty; never if absent");
const app = z.string().min(1).describe("as the trace names it");
const stepSeconds = seconds.exactOptional();

const nodes = z
  .union([
    z.strictObject({ names: z.array(z.string().min(1)).min(1) }),
    z.strictObject({ count: z.int().min(1) }),
  ])
  .describe("by names, or so many of those that have pods then, drawn with the seed");

const lost = { atSeconds, evictSeconds, backAfterSeconds };

/** As many as a year of rollouts, one an hour; more belong into a trace. */
const EVENTS_MAX = 10_000;

export const scenarioEvents = z
  .array(
    z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("nodeLoss"), ...lost, nodes }),
      z.strictObject({ kind: z.literal("zoneLoss"), ...lost, zone: z.string().min(1) }),
      z.strictObject({ kind: z.literal("drain"), atSeconds, nodes, backAfterSeconds }),
      z.strictObject({
        kind: z.literal("rollout"),
        atSeconds,
        app,
        surgeShare: z.number().positive().max(1).exactOptional().describe("0.25 if absent"),
        stepSeconds,
      }),
      z.strictObject({ kind: z.literal("scale"), atSeconds, app, replicas: z.int().min(0) }),
      z.strictObject({
        kind: z.literal("proxyUpgrade"),
        atSeconds,
        nodesAtOnce: z.int().min(1),
        stepSeconds,
      }),
    ]),
  )
  .max(EVENTS_MAX) satisfies z.ZodType<ScenarioEvent[]>;
