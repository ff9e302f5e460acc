// Where the recommender's past comes from, named as upstream VPA's recommender names it.

import { z } from "zod";
import { UsageError } from "#runtime/usage-error.ts";

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;
const DURATION = /^([1-9]\d{0,5})([smhdw])$/;
/** As many points of one series as Prometheus answers. */
const POINTS_MAX = 11_000;

const duration = z.string().regex(DURATION, "say how long as a number and one of s, m, h, d, w, such as 8d");

export const historySettings = {
  storage: z
    .enum(["checkpoint", "sqlite", "prometheus"])
    .default("checkpoint")
    .describe("where a restart takes what was learned from: objects in the cluster, a file, or a Prometheus"),
  storageFile: z.string().min(1).optional().describe("the file, with --storage sqlite"),
  prometheusAddress: z.url().optional().describe("URL of the Prometheus, with --storage prometheus"),
  prometheusCadvisorJobName: z
    .string()
    .min(1)
    .default("kubernetes-cadvisor")
    .describe("its scrape job of cAdvisor"),
  prometheusNodeLabel: z
    .string()
    .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/)
    .default("node")
    .describe("the label by which it tells the proxies' nodes"),
  prometheusQueryTimeoutSeconds: z
    .number()
    .positive()
    .max(600)
    .default(30)
    .describe("how long it may take for one query"),
  historyLength: duration.default("8d").describe("how far back containers' usage is read"),
  historyResolution: duration.default("1h").describe("how far apart its samples are"),
} as const;

export type HistorySettings = z.infer<z.ZodObject<typeof historySettings>>;

export interface HistorySpan {
  readonly lengthMs: number;
  readonly resolutionMs: number;
}

/** @throws UsageError that says which flags do not go together. */
export function historySpan({ historyLength, historyResolution }: HistorySettings): HistorySpan {
  const [lengthMs, resolutionMs] = [durationMs(historyLength), durationMs(historyResolution)];
  if (resolutionMs > lengthMs)
    throw new UsageError("--history-resolution must not be longer than --history-length");
  if (lengthMs / resolutionMs > POINTS_MAX)
    throw new UsageError(
      `--history-length is more than ${POINTS_MAX} times --history-resolution: Prometheus answers no more points`,
    );
  return { lengthMs, resolutionMs };
}

function durationMs(text: string): number {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return Number(count) * SECONDS[unit as keyof typeof SECONDS] * 1000;
}
