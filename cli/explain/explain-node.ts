// `berth explain node`: why a node's proxy, and other pods that are sized there, have their size. Asks the recommender that
// leads: the others have not learned what it has.

import { connect } from "#kube/connect.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { NodeReply } from "#vpa-recommender/policy/recommendation.ts";
import { askAt, askLeader } from "../ask-part.ts";
import { RECOMMENDER_PART } from "../part-ports.ts";
import { structured } from "../structured.ts";
import { type ExplainNodeOptions, readExplainNodeOptions } from "./explain-options.ts";
import { nodeText } from "./node-text.ts";

/** @throws UsageError for options that cannot work, a recommender that is not reached, and a node without such pods. */
export async function runExplainNode(argv: readonly string[], out: (text: string) => void): Promise<void> {
  const options = readExplainNodeOptions(argv);
  const reply = await ask(options);
  out(structured(options.output, reply) ?? nodeText(options.node, reply));
}

async function ask({ node, berthNamespace, url, ...settings }: ExplainNodeOptions): Promise<NodeReply> {
  const question = { part: RECOMMENDER_PART, path: `/recommendations/${encodeURIComponent(node)}` };
  try {
    if (url !== undefined) return (await askAt(url, question)) as NodeReply;
    const connection = await connect(settings, "berth-explain");
    try {
      return (await askLeader(connection, { ...question, namespace: berthNamespace })) as NodeReply;
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new UsageError(`the recommender does not explain ${node}: ${error.message}`, { cause: error });
  }
}
