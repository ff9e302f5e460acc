// spec.rollout of a MeshProfile: how carefully changes of its other fields reach the nodes.

import { z } from "zod";
import { DEFAULT_ROLLOUT_RULES, type RolloutRules } from "#model/rollout-rules.ts";
import { COUNT_MAX } from "./schema-rules.ts";

/** The judge asks each of them every few seconds. */
const NODES_MAX = 100;
/** A day: whoever asks for more has mistaken the unit. */
const SECONDS_MAX = 86_400;
/** Whoever lets an instance die more often does not judge by that. */
const RESTARTS_MAX = 100;

export const rolloutSchema = z.strictObject({
  maxNodes: z
    .int()
    .min(1)
    .max(NODES_MAX)
    .optional()
    .describe(
      "Nodes at once that have a version and have not proved good yet. Default: 10. The first is always alone.",
    ),
  maxNodesPercent: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe("The same as a share of the nodes that host the app; the lesser holds. Default: 10."),
  pauseSeconds: z
    .int()
    .min(0)
    .max(SECONDS_MAX)
    .optional()
    .describe("How long a node serves with the new version before it counts as good. Default: 30."),
  maxErrorPercent: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe(
      "Percentage points by which the share of failed and refused requests may exceed that of the version before. Default: 5.",
    ),
  minRequests: z
    .int()
    .min(1)
    .max(COUNT_MAX)
    .optional()
    .describe("Requests without which a share says nothing. Default: 20."),
  maxRestarts: z
    .int()
    .min(0)
    .max(RESTARTS_MAX)
    .optional()
    .describe("Unplanned ends of an instance with the new version on one node. Default: 0."),
  withoutTraffic: z
    .enum(["Continue", "Wait"])
    .optional()
    .describe(
      "Whether a node that got fewer than minRequests counts as good by its instance's health alone (default; the first node only while no other node gets requests), or is waited for.",
    ),
  paused: z
    .boolean()
    .optional()
    .describe("Goes no further while true; what is bad is taken back all the same."),
});

export function decodeRollout({
  maxNodes,
  maxNodesPercent,
  pauseSeconds,
  maxErrorPercent,
  minRequests,
  maxRestarts,
  withoutTraffic,
  paused,
}: z.infer<typeof rolloutSchema>): RolloutRules {
  const fallback = DEFAULT_ROLLOUT_RULES;
  return {
    nodesMax: maxNodes ?? fallback.nodesMax,
    nodesRatioMax: maxNodesPercent === undefined ? fallback.nodesRatioMax : maxNodesPercent / 100,
    pauseMs: pauseSeconds === undefined ? fallback.pauseMs : pauseSeconds * 1000,
    errorMargin: maxErrorPercent === undefined ? fallback.errorMargin : maxErrorPercent / 100,
    requestsMin: minRequests ?? fallback.requestsMin,
    restartsMax: maxRestarts ?? fallback.restartsMax,
    withoutTraffic: withoutTraffic ?? fallback.withoutTraffic,
    isPaused: paused ?? fallback.isPaused,
  };
}
