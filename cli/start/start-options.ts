// What `berth start` can be told.

import { z } from "zod";
import type { Resources } from "#model/resources.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { parseNodeSize } from "../node-size.ts";

/** Above this a single process that serves the whole fleet's API is the bottleneck, not the fleet. */
const NODES_MAX = 5_000;
const PODS_MAX = 100_000;

export const startSettings = z.strictObject({
  trace: z
    .string()
    .optional()
    .describe("pod table or Tianchi pods, CSV or CSV.gz; default: a seeded generator"),
  nodes: z.int().min(1).max(NODES_MAX).default(50).describe("nodes of the fleet"),
  nodeSize: z.string().default("32,128Gi").describe("CPU and memory of a node, as CPU,MEMORY"),
  pods: z
    .int()
    .min(1)
    .max(PODS_MAX)
    .optional()
    .describe("how many pods to replay (default 2000 generated, or all of the trace)"),
  speed: z
    .string()
    .default("60")
    .describe("trace seconds per second; max goes on as soon as every watcher has caught up"),
  seed: z.int().nonnegative().default(1).describe("seeds the generator and everything random"),
  duration: z.number().positive().optional().describe("end after so many seconds of real time"),
  headless: z.boolean().default(false).describe("no live line; ends by itself when the trace is over"),
  noUi: z.boolean().default(false).describe("no web UI; --headless runs have none either"),
  json: z.boolean().default(false).describe("print the summary as one JSON object on the last line"),
  resizeFaults: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe("share of the resizes that the API defers or refuses"),
  crash: z
    .boolean()
    .default(false)
    .describe("kill -9 the extender, then the recommender, in the middle of the replay"),
  ports: z
    .enum(["fixed", "free"])
    .default("fixed")
    .describe("fixed: the documented ports; free: any free ports"),
  logLevel: z
    .enum(["debug", "info", "warn", "error", "silent"])
    .default("warn")
    .describe("what components log: debug, info, warn, error or silent"),
});

export interface StartOptions extends Omit<z.infer<typeof startSettings>, "speed" | "nodeSize"> {
  /** Trace seconds per second of the machine, or as fast as everyone keeps up. */
  readonly speed: number | "max";
  readonly nodeSize: Resources;
}

/**
 * @throws UsageError where a value cannot be read.
 */
export function startOptions(settings: z.infer<typeof startSettings>): StartOptions {
  return { ...settings, speed: parseSpeed(settings.speed), nodeSize: parseNodeSize(settings.nodeSize) };
}

function parseSpeed(text: string): number | "max" {
  if (text === "max") return "max";
  const speed = Number(text);
  if (Number.isFinite(speed) && speed > 0 && speed <= 100_000) return speed;
  throw new UsageError(
    `--speed: "${text}" is neither a number of trace seconds per second (0 to 100000) nor max`,
  );
}
