// The options of `berth rollback` and `berth restart`.

import { z } from "zod";
import { componentSettings } from "#runtime/component.ts";

const { apiServer, kubeconfig, context } = componentSettings.shape;
const shared = {
  namespace: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe("namespace of the app, in place of NAMESPACE/; -n for short"),
  output: z.enum(["table", "json", "yaml"]).default("table").describe("table, json or yaml; -o for short"),
  apiServer,
  kubeconfig,
  context,
};

export const rollbackOptions = z.strictObject({
  to: z
    .int()
    .min(0)
    .optional()
    .describe("version to go back to, one of status.release; default: the one before"),
  dryRun: z.boolean().default(false).describe("say which version that would be, and change nothing"),
  ...shared,
});

export const restartOptions = z.strictObject({
  node: z.string().min(1).max(253).optional().describe("the instance on this node; default: on every node"),
  ...shared,
});
