// The options of `berth ungate`.

import { z } from "zod";
import { componentSettings } from "#runtime/component.ts";
import { checkFlags, readFlags } from "#runtime/flags.ts";
import { UsageError } from "#runtime/usage-error.ts";

const { apiServer, kubeconfig, context } = componentSettings.shape;

export const ungateOptions = z.strictObject({
  namespace: z.string().min(1).optional().describe("only pods of this namespace; -n for short"),
  all: z.boolean().default(false).describe("pods of all namespaces"),
  dryRun: z.boolean().default(false).describe("say how many there are, and lift none"),
  output: z.enum(["table", "json", "yaml"]).default("table").describe("table, json or yaml; -o for short"),
  apiServer,
  kubeconfig,
  context,
});

export type UngateOptions = z.infer<typeof ungateOptions>;

/** @throws UsageError naming the flag that is wrong or missing. */
export function readUngateOptions(argv: readonly string[]): UngateOptions {
  const options = checkFlags(ungateOptions, readFlags(ungateOptions, argv));
  if ((options.namespace === undefined) !== options.all) {
    throw new UsageError("say which pods: either --namespace NAME or --all");
  }
  return options;
}
