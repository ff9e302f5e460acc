// `berth restart`: has an app's instance replaced, on one node or on all. The node's proxy starts another one beside it,
// which takes over without a gap; what was in progress is finished.

import { randomUUID } from "node:crypto";
import { isNotFound, KubeApiError } from "#kube/api-error.ts";
import { connect } from "#kube/connect.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { RESTART_ANNOTATION } from "#kube/released-profile.ts";
import { NODES, resourcePath } from "#kube/resource-path.ts";
import { reportAndExit } from "#runtime/component.ts";
import { checkFlags, describeFlags, readCommandLine } from "#runtime/flags.ts";
import { UsageError } from "#runtime/usage-error.ts";
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

/** @throws UsageError for options that cannot work, for a node that is not there, and for an app without a profile. */
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
    if (node !== undefined) await assertNode(connection, node);
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

// Nobody would act on a name that no node has, and nothing would say so.
async function assertNode(connection: Pick<KubeConnection, "get">, name: string): Promise<void> {
  try {
    await connection.get(resourcePath({ ...NODES, name }));
  } catch (error) {
    if (isNotFound(error)) throw new UsageError(`there is no node ${name}`, { cause: error });
    // App teams may change their profile without a right to look at nodes.
    if (!(error instanceof KubeApiError && error.status === FORBIDDEN)) throw error;
  }
}

const FORBIDDEN = 403;
