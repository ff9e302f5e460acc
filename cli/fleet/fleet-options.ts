// The options of `berth status` and `berth top`.

import { z } from "zod";
import { componentSettings } from "#runtime/component.ts";

const { apiServer, kubeconfig, context } = componentSettings.shape;
const shared = {
  watch: z.boolean().default(false).describe("look again every few seconds until Ctrl-C"),
  everySeconds: z.number().min(1).max(3_600).default(5).describe("with --watch: how often"),
  apiServer,
  kubeconfig,
  context,
};

export const statusOptions = z.strictObject({
  output: z.enum(["table", "json", "yaml"]).default("table").describe("table, json or yaml; -o for short"),
  ...shared,
});

export const topOptions = z.strictObject({
  sort: z
    .enum(["pods", "memory", "cpu", "reuse", "free", "name"])
    .default("pods")
    .describe(
      "what comes first: most pods, memory or cpu (of the proxy or the instances), least reuse, least free, or by name",
    ),
  limit: z.int().min(1).max(10_000).default(20).describe("rows to show; the totals count all"),
  output: z
    .enum(["table", "wide", "json", "yaml"])
    .default("table")
    .describe("table, wide, json or yaml; -o for short"),
  ...shared,
});

export type TopOptions = z.infer<typeof topOptions>;
