// The recommender's settings, and what follows from them.

import { z } from "zod";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import { componentSettings, leaseHolder } from "#runtime/component.ts";
import { cpuQuantity, memoryQuantity } from "#runtime/quantity-schema.ts";
import { DEFAULT_DEMAND, type DemandOptions } from "../policy/node-demand.ts";
import { DEFAULT_PLANNER_OPTIONS, type PlannerOptions } from "../policy/resize-planner.ts";
import { historySettings } from "./history-settings.ts";
import type { WriteBudgetOptions } from "./write-budget.ts";

export const recommenderSettings = componentSettings.extend({
  operationsHost: z.string().default("127.0.0.1").describe("address of health, metrics and recommendations"),
  operationsPort: z
    .int()
    .min(0)
    .max(65_535)
    .default(9091)
    .describe("port of health, metrics and recommendations"),
  headroomRatio: z
    .number()
    .min(0)
    .max(10)
    .default(DEFAULT_PLANNER_OPTIONS.headroomRatio)
    .describe("headroom as a share of what a proxy requires"),
  headroomCpu: cpuQuantity.default("30m").describe("least headroom in CPU"),
  headroomMemory: memoryQuantity.default("48Mi").describe("least headroom in memory"),
  headroomDelaySeconds: z
    .number()
    .nonnegative()
    .default(DEFAULT_PLANNER_OPTIONS.headroomDelayMs / 1000)
    .describe("how long a node's apps stay the same before its proxy takes headroom"),
  shrinkDelaySeconds: z
    .number()
    .nonnegative()
    .default(DEFAULT_PLANNER_OPTIONS.shrinkDelayMs / 1000)
    .describe("how long a surplus lasts before a proxy shrinks"),
  usageIntervalSeconds: z.number().positive().default(60).describe("how often usage is read"),
  usageWarmUpSeconds: z
    .number()
    .nonnegative()
    .default(60)
    .describe(
      "usage measured so soon after pods came to a node or left it does not show them yet, and is left out",
    ),
  usageWindowSeconds: z
    .number()
    .positive()
    .default(DEFAULT_DEMAND.windowMs / 1000)
    .describe("how long a peak of usage is remembered before a size may follow the load down"),
  proxyUsagePort: z
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .describe("where the proxies tell what their instances use, their --usage-port; 0: they are not asked"),
  releaseIntervalSeconds: z
    .number()
    .min(0.05)
    .max(300)
    .default(5)
    .describe(
      "how often proxies are asked how a changed profile does on their nodes; without --proxy-usage-port changes reach all nodes at once",
    ),
  templatePercentile: z
    .number()
    .min(0)
    .max(1)
    .default(0.9)
    .describe(
      "where pods cannot be resized in place: the share of nodes whose pods the template's size suffices",
    ),
  templateIntervalHours: z
    .number()
    .min(1)
    .max(8_760)
    .default(24)
    .describe("the same: how long a template's size stays, since each change restarts every pod"),
  ...historySettings,
  writesPerSecond: z
    .number()
    .positive()
    .max(1_000)
    .default(50)
    .describe(
      "writes to the API server in the long run; releases come first, then proxies that are too small",
    ),
  leaseNamespace: z.string().default("berth-system").describe("namespace of the leader's Lease"),
  identity: leaseHolder,
});

export type RecommenderSettings = z.infer<typeof recommenderSettings>;

/** A burst of placements on many nodes at once goes through; the steady rate holds from the next second on. */
const BURST_SECONDS = 2;

// In lockstep with a replay a second of the API server is no second of the machine.
export function writeRate({ clock, writesPerSecond }: RecommenderSettings): WriteBudgetOptions["rate"] {
  if (clock === "paced") return undefined;
  return { burst: BURST_SECONDS * writesPerSecond, perSecond: writesPerSecond };
}

export function demandOptions({ usageWindowSeconds }: RecommenderSettings): DemandOptions {
  return { ...DEFAULT_DEMAND, windowMs: usageWindowSeconds * 1000 };
}

export function plannerOptions(config: RecommenderSettings): PlannerOptions {
  return {
    ...DEFAULT_PLANNER_OPTIONS,
    headroomRatio: config.headroomRatio,
    headroomMin: {
      cpuMilli: parseCpuMilli(config.headroomCpu),
      memoryBytes: parseMemoryBytes(config.headroomMemory),
    },
    headroomDelayMs: config.headroomDelaySeconds * 1000,
    shrinkDelayMs: config.shrinkDelaySeconds * 1000,
  };
}
