// `berth explain node`: why a node's proxy, and other pods that are sized there, have their size. Asks the recommender that
// leads: the others have not learned what it has.

import { z } from "zod";
import { connect } from "#kube/connect.ts";
import { LEASES, PODS, resourcePath } from "#kube/resource-path.ts";
import { componentSettings } from "#runtime/component.ts";
import { checkFlags, describeFlags, readFlags } from "#runtime/flags.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { COMPONENT } from "#vpa-recommender/shell/recommender-loops.ts";
import type { NodeReply } from "#vpa-recommender/shell/recommendations-api.ts";
import { nodeText } from "./node-text.ts";

const { apiServer, kubeconfig, context } = componentSettings.shape;

export const explainNodeOptions = z.strictObject({
  recommenderNamespace: z.string().min(1).default("berth-system").describe("namespace of the recommender"),
  url: z
    .url()
    .optional()
    .describe(
      "address of the recommender's health and metrics, to ask it directly instead of through the API server",
    ),
  output: z.enum(["table", "json"]).default("table").describe("table or json"),
  apiServer,
  kubeconfig,
  context,
});

type ExplainNodeOptions = z.infer<typeof explainNodeOptions>;

/** As in manifests/base. */
const OPERATIONS_PORT = 9091;
const ANSWER_MS_MAX = 10_000;

/** @throws UsageError for options that cannot work, a recommender that is not reached, and a node without such pods. */
export async function runExplainNode(argv: readonly string[], out: (text: string) => void): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h"))
    return out(`Usage: berth explain node NODE [options]\n\n${describeFlags(explainNodeOptions)}\n`);
  const [node, ...flags] = argv;
  if (node === undefined || node.startsWith("-")) throw new UsageError("say which node");
  const options = checkFlags(explainNodeOptions, readFlags(explainNodeOptions, flags));
  const { url } = options;
  const reply = url === undefined ? await askThroughApi(node, options) : await askDirectly(node, url);
  out(options.output === "json" ? `${JSON.stringify(reply)}\n` : nodeText(node, reply));
}

async function askThroughApi(
  node: string,
  { recommenderNamespace: namespace, ...settings }: ExplainNodeOptions,
): Promise<NodeReply> {
  const connection = await connect(settings, "berth-explain");
  try {
    const lease = (await connection.get(resourcePath({ ...LEASES, namespace, name: COMPONENT }))) as {
      readonly spec?: { readonly holderIdentity?: string };
    };
    const leader = lease.spec?.holderIdentity ?? "";
    if (leader === "") throw new UsageError(`no recommender leads in namespace ${namespace}`);
    const name = `${leader}:${OPERATIONS_PORT}`;
    const proxied = resourcePath({ ...PODS, namespace, name, subresource: "proxy" });
    return (await connection.get(`${proxied}/recommendations/${encodeURIComponent(node)}`)) as NodeReply;
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new UsageError(`the recommender does not explain ${node}: ${error.message}`, { cause: error });
  } finally {
    await connection.close();
  }
}

async function askDirectly(node: string, url: string): Promise<NodeReply> {
  const address = new URL(`/recommendations/${encodeURIComponent(node)}`, url);
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    if (response.ok) return (await response.json()) as NodeReply;
    throw new UsageError(`the recommender does not explain ${node}: ${await response.text()}`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`the recommender at ${url} does not answer: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
