// `berth explain`: why a pod is where it is or, while it waits, what it waits for. Asks the extender that leads.

import { connect } from "#kube/connect.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { reportAndExit } from "#runtime/component.ts";
import { describeFlags } from "#runtime/flags.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { ExplainReply } from "#scheduler-extender/shell/explain-api.ts";
import { LEADER_LABEL } from "#scheduler-extender/shell/leader-label.ts";
import { EXTENDER_LEASE } from "#scheduler-extender/shell/leadership.ts";
import { runExplainNode } from "./explain-node.ts";
import { explainOptions, type ExplainOptions, readExplainOptions } from "./explain-options.ts";
import { explanationText } from "./explanation-text.ts";

export const explainCommand = {
  summary: "say why a pod is where it is or what it waits for, or why a node's proxy has its size",
  async run(argv: readonly string[]): Promise<void> {
    try {
      const out = (text: string): void => void process.stdout.write(text);
      if (argv[0] === "node") await runExplainNode(argv.slice(1), out);
      else await runExplain(argv, out);
    } catch (error) {
      reportAndExit(error);
    }
  },
};

/** As in manifests/base. */
const OPERATIONS_PORT = 9090;
const ANSWER_MS_MAX = 10_000;

/**
 * @throws UsageError for options that cannot work, for an extender that is not reached, and for a pod it does not know.
 */
export async function runExplain(argv: readonly string[], out: (text: string) => void): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) {
    const usage =
      "Usage: berth explain pod NAMESPACE/NAME [options]\n       berth explain node NODE [options]";
    return out(`${explainCommand.summary}\n\n${usage}\n\n${describeFlags(explainOptions)}\n`);
  }
  const options = readExplainOptions(argv);
  const { url } = options;
  const reply = url === undefined ? await askThroughApi(options) : await askDirectly(url, options.pod);
  out(options.output === "json" ? `${JSON.stringify(reply)}\n` : explanationText(reply));
}

async function askThroughApi({ pod, extenderNamespace, ...settings }: ExplainOptions): Promise<ExplainReply> {
  const connection = await connect(settings, "berth-explain");
  try {
    const pods = resourcePath({ ...PODS, namespace: extenderNamespace });
    const labelSelector = `${LEADER_LABEL}=${EXTENDER_LEASE}`;
    const { items } = (await connection.get(pods, { labelSelector })) as {
      readonly items: readonly { readonly metadata: { readonly name: string } }[];
    };
    const [leader] = items;
    if (leader === undefined) {
      throw new UsageError(
        `no extender leads in namespace ${extenderNamespace}: no pod is labelled ${labelSelector}`,
      );
    }
    const proxy = `${pods}/${leader.metadata.name}:${OPERATIONS_PORT}/proxy/explain`;
    return (await connection.get(proxy, { pod })) as ExplainReply;
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new UsageError(`the extender does not explain ${pod}: ${error.message}`, { cause: error });
  } finally {
    await connection.close();
  }
}

async function askDirectly(url: string, pod: string): Promise<ExplainReply> {
  const address = new URL("/explain", url);
  address.searchParams.set("pod", pod);
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    if (response.ok) return (await response.json()) as ExplainReply;
    throw new UsageError(`the extender does not explain ${pod}: ${await response.text()}`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`the extender at ${url} does not answer: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
