// `berth explain`: why a pod is where it is or what it waits for, why a node's proxy has its size, how an app's mesh
// stands. What each is about decides whom is asked.

import { reportAndExit } from "#runtime/component.ts";
import { describeFlags, type FlagSchema } from "#runtime/flags.ts";
import { programName } from "../program-name.ts";
import { runExplainApp } from "./explain-app.ts";
import { runExplainNode } from "./explain-node.ts";
import { explainAppOptions, explainNodeOptions, explainPodOptions } from "./explain-options.ts";
import { runExplainPod } from "./explain-pod.ts";

export const explainCommand = {
  summary:
    "say why a pod is where it is or what it waits for, why a proxy has its size, how an app's mesh stands",
  async run(argv: readonly string[]): Promise<void> {
    try {
      await runExplain(argv, (text) => void process.stdout.write(text));
    } catch (error) {
      reportAndExit(error);
    }
  },
};

/** @throws UsageError for options that cannot work, for whom nobody answers, and for what nobody knows. */
export async function runExplain(argv: readonly string[], out: (text: string) => void): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) return out(help());
  // The kind may stand after flags, as with kubectl.
  const kind = argv.find((word) => Object.hasOwn(EXPLAINED, word));
  if (kind === "node") return runExplainNode(argv, out);
  return kind === "app" ? runExplainApp(argv, out) : runExplainPod(argv, out);
}

const EXPLAINED: Readonly<Record<string, { readonly usage: string; readonly schema: FlagSchema }>> = {
  pod: { usage: "explain [pod] NAMESPACE/NAME [options]", schema: explainPodOptions },
  node: { usage: "explain node NAME [options]", schema: explainNodeOptions },
  app: { usage: "explain app NAMESPACE/NAME [options]", schema: explainAppOptions },
};

function help(): string {
  const parts = Object.values(EXPLAINED).map(
    ({ usage, schema }) => `Usage: ${programName()} ${usage}\n\n${describeFlags(schema)}\n`,
  );
  return `${explainCommand.summary}\n\n${parts.join("\n")}`;
}
