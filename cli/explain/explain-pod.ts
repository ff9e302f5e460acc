// `berth explain pod`: asks the extender that leads, which alone has decided.

import { connect } from "#kube/connect.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { ExplainReply } from "#scheduler-extender/policy/explain-reply.ts";
import { askAt, askLeader } from "../ask-part.ts";
import { EXTENDER_PART } from "../part-ports.ts";
import { structured } from "../structured.ts";
import { type ExplainPodOptions, readExplainPodOptions } from "./explain-options.ts";
import { explanationText } from "./explanation-text.ts";

/**
 * @throws UsageError for options that cannot work, for an extender that is not reached, and for a pod it does not know.
 */
export async function runExplainPod(argv: readonly string[], out: (text: string) => void): Promise<void> {
  const options = readExplainPodOptions(argv);
  const reply = await ask(options);
  out(structured(options.output, reply) ?? explanationText(reply));
}

async function ask({ pod, berthNamespace, url, ...settings }: ExplainPodOptions): Promise<ExplainReply> {
  const question = { part: EXTENDER_PART, path: "/explain", query: { pod } };
  try {
    if (url !== undefined) return (await askAt(url, question)) as ExplainReply;
    const connection = await connect(settings, "berth-explain");
    try {
      return (await askLeader(connection, { ...question, namespace: berthNamespace })) as ExplainReply;
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new UsageError(`the extender does not explain ${pod}: ${error.message}`, { cause: error });
  }
}
