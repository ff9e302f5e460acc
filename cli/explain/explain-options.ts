// The options of `berth explain`, and what it is asked about.

import { z } from "zod";
import { componentSettings } from "#runtime/component.ts";
import { checkFlags, readCommandLine } from "#runtime/flags.ts";
import { UsageError } from "#runtime/usage-error.ts";

const { apiServer, kubeconfig, context } = componentSettings.shape;
const namespace = z
  .string()
  .min(1)
  .max(63)
  .optional()
  .describe("namespace of what is explained, in place of NAMESPACE/; -n for short");
const berthNamespace = z.string().min(1).max(63).default("berth-system").describe("where Berth is installed");
const output = z
  .enum(["table", "json", "yaml"])
  .default("table")
  .describe("table, json or yaml; -o for short");
const urlOf = (part: string) =>
  z
    .url()
    .optional()
    .describe(
      `address of the ${part}'s health and metrics, to ask it directly instead of through the API server`,
    );
const cluster = { apiServer, kubeconfig, context };

export const explainPodOptions = z.strictObject({
  namespace,
  berthNamespace,
  url: urlOf("extender"),
  output,
  ...cluster,
});

export const explainNodeOptions = z.strictObject({
  berthNamespace,
  url: urlOf("recommender"),
  output,
  ...cluster,
});

export const explainAppOptions = z.strictObject({
  namespace,
  berthNamespace,
  output: z
    .enum(["table", "wide", "json", "yaml"])
    .default("table")
    .describe("table, wide, json or yaml; -o for short"),
  ...cluster,
});

export type ExplainPodOptions = z.infer<typeof explainPodOptions> & { readonly pod: string };
export type ExplainNodeOptions = z.infer<typeof explainNodeOptions> & { readonly node: string };
export type ExplainAppOptions = z.infer<typeof explainAppOptions> & { readonly app: string };

/** @throws UsageError naming what is wrong or missing. */
export function readExplainPodOptions(argv: readonly string[]): ExplainPodOptions {
  const { words, given } = readCommandLine(explainPodOptions, argv);
  const options = checkFlags(explainPodOptions, given);
  // `pod` may be said, as with kubectl.
  const names = words[0] === "pod" ? words.slice(1) : words;
  if (words.length === 0 || (words[0] !== "pod" && names.length > 1)) throw new UsageError(WHAT_TO_EXPLAIN);
  return { ...options, pod: fullName("pod", names, options.namespace) };
}

/** @throws UsageError naming what is wrong or missing. */
export function readExplainNodeOptions(argv: readonly string[]): ExplainNodeOptions {
  const { words, given } = readCommandLine(explainNodeOptions, argv);
  const [, node, ...rest] = words;
  if (node === undefined || rest.length > 0) throw new UsageError("say which node: berth explain node NAME");
  return { ...checkFlags(explainNodeOptions, given), node };
}

/** @throws UsageError naming what is wrong or missing. */
export function readExplainAppOptions(argv: readonly string[]): ExplainAppOptions {
  const { words, given } = readCommandLine(explainAppOptions, argv);
  const options = checkFlags(explainAppOptions, given);
  return { ...options, app: fullName("app", words.slice(1), options.namespace) };
}

const WHAT_TO_EXPLAIN =
  "say what to explain: berth explain pod NAMESPACE/NAME, berth explain node NAME or berth explain app NAMESPACE/NAME";

const FULL_NAME = /^[^/]+\/[^/]+$/;

function fullName(kind: string, names: readonly string[], within: string | undefined): string {
  const [name, ...rest] = names;
  const usage = `say which ${kind}: berth explain ${kind} NAMESPACE/NAME, or NAME with --namespace`;
  if (name === undefined || rest.length > 0) throw new UsageError(usage);
  if (FULL_NAME.test(name)) {
    if (within !== undefined && !name.startsWith(`${within}/`))
      throw new UsageError(`${name} is not in --namespace ${within}`);
    return name;
  }
  if (within === undefined || name.includes("/")) throw new UsageError(usage);
  return `${within}/${name}`;
}
