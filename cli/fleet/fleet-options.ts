// The options of `berth status` and `berth top`.

import { z } from "zod";
import { componentSettings } from "#runtime/component.ts";

const { apiServer, kubeconfig, context } = componentSettings.shape;
const shared = {
  watch: z.boolean().default(false).describe("look again every few seconds until Ctrl-C; -w for short"),
  everySeconds: z.number().min(1).max(3_600).default(5).describe("with --watch: how often"),
  berthNamespace: z.string().min(1).max(63).default("berth-system").describe("where Berth is installed"),
  apiServer,
  kubeconfig,
  context,
};

export const statusOptions = z.strictObject({
  output: z.enum(["table", "json", "yaml"]).default("table").describe("table, json or yaml; -o for short"),
  ...shared,
});

const SORTS = ["pods", "memory", "cpu", "used-memory", "used-cpu", "reuse", "free", "name"] as const;
export type Sort = (typeof SORTS)[number];

export const topOptions = z.strictObject({
  sort: z
    .enum(SORTS)
    .default("pods")
    .describe(
      "what comes first: most pods, most memory or cpu (what a proxy has, what an app's instances need) or most of it used, least reuse, least free, or by name",
    ),
  limit: z.int().min(1).max(10_000).default(20).describe("rows to show; the totals count all"),
  namespace: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe("apps and instances of this namespace only; -n for short"),
  output: z
    .enum(["table", "wide", "json", "yaml"])
    .default("table")
    .describe("table, wide, json or yaml; -o for short"),
  ...shared,
});

export type TopOptions = z.infer<typeof topOptions>;
