// `berth restart`: has an app's instance replaced, on one node or on all. The node's proxy starts another one beside it,
// which takes over without a gap; what was in progress is finished.

import { randomUUID } from "node:crypto";
import { connect } from "#kube/connect.ts";
import { RESTART_ANNOTATION } from "#kube/released-profile.ts";
import { reportAndExit } from "#runtime/component.ts";
import { checkFlags, describeFlags, readCommandLine } from "#runtime/flags.ts";
import { programName } from "../program-name.ts";
import { structured } from "../structured.ts";
import { changeProfile, namedApp } from "./profile-object.ts";
import { restartOptions } from "./release-options.ts";

export const restartCommand = {
  summary: "replace an app's instance, on one node or on all, without a gap",
  async run(argv: readonly string[]): Promise<void> {
    try {
      await runRestart(argv, (text) => void process.stdout.write(text));
    } catch (error) {
      reportAndExit(error);
    }
  },
};

/** @throws UsageError for options that cannot work, and for an app without a profile. */
export async function runRestart(argv: readonly string[], out: (text: string) => void): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) {
    const usage = `Usage: ${programName()} restart NAMESPACE/NAME [options]`;
    return out(`${restartCommand.summary}\n\n${usage}\n\n${describeFlags(restartOptions)}\n`);
  }
  const { words, given } = readCommandLine(restartOptions, argv);
  const { node, output, namespace, ...settings } = checkFlags(restartOptions, given);
  const app = namedApp(words, namespace);
  const id = randomUUID();
  const connection = await connect(settings, "berth-restart");
  try {
    const asked = JSON.stringify({ id, ...(node !== undefined && { node }) });
    await changeProfile(connection, app, (object) => {
      const annotations = { ...object.metadata.annotations, [RESTART_ANNOTATION]: asked };
      return { object: { ...object, metadata: { ...object.metadata, annotations } } };
    });
  } finally {
    await connection.close();
  }
  const name = `${app.namespace}/${app.name}`;
  const report = { app: name, node: node ?? null, id };
  out(structured(output, report) ?? `${name} is asked to restart on ${node ?? "every node that hosts it"}\n`);
}
