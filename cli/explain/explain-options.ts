// The options of `berth explain`.

import { z } from "zod";
import { componentSettings } from "#runtime/component.ts";
import { checkFlags, readFlags } from "#runtime/flags.ts";
import { UsageError } from "#runtime/usage-error.ts";

const { apiServer, kubeconfig, context } = componentSettings.shape;

export const explainOptions = z.strictObject({
  extenderNamespace: z.string().min(1).default("berth-system").describe("namespace of the extender"),
  url: z
    .url()
    .optional()
    .describe(
      "address of the extender's health and metrics, to ask it directly instead of through the API server",
    ),
  output: z.enum(["table", "json"]).default("table").describe("table or json"),
  apiServer,
  kubeconfig,
  context,
});

export type ExplainOptions = z.infer<typeof explainOptions> & { readonly pod: string };

const POD = /^[^/]+\/[^/]+$/;

/** @throws UsageError naming what is wrong or missing. */
export function readExplainOptions(words: readonly string[]): ExplainOptions {
  // `pod` may be said, as with kubectl.
  const [pod, ...argv] = words[0] === "pod" ? words.slice(1) : words;
  if (pod === undefined || !POD.test(pod)) throw new UsageError("say which pod: NAMESPACE/NAME");
  return { ...checkFlags(explainOptions, readFlags(explainOptions, argv)), pod };
}
