// `berth doctor`: looks at an installation from the outside, and says what is wrong and how to mend it.

import { connect } from "#kube/connect.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { reportAndExit } from "#runtime/component.ts";
import { checkFlags, describeFlags, readFlags } from "#runtime/flags.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { LOOPBACK_BUILD } from "#sim/loopback/discovery.ts";
import { programName } from "../program-name.ts";
import { structured } from "../structured.ts";
import { wantsColour } from "../wants-colour.ts";
import { apiReader } from "./api-reader.ts";
import { type DoctorOptions, doctorOptions } from "./doctor-options.ts";
import { type Examination, examine } from "./examination.ts";
import { examinationText } from "./examination-text.ts";

/** Faults were found. */
const FAULTS_EXIT_CODE = 1;

export const doctorCommand = {
  summary: "look at an installation, and say what is wrong and how to mend it; changes nothing",
  async run(argv: readonly string[]): Promise<void> {
    try {
      const hasFaults = await runDoctor(argv, (text) => void process.stdout.write(text));
      if (hasFaults) process.exitCode = FAULTS_EXIT_CODE;
    } catch (error) {
      reportAndExit(error);
    }
  },
};

/**
 * True if there are faults. Warnings and what could not be looked at are none.
 *
 * @throws UsageError for options that cannot work, and for a cluster that cannot be reached at all.
 */
export async function runDoctor(argv: readonly string[], out: (text: string) => void): Promise<boolean> {
  if (argv.includes("--help") || argv.includes("-h")) {
    const usage = `Usage: ${programName()} doctor [options]\n\nExit codes: 0 without faults, 1 with some, 2 for wrong options`;
    out(`${doctorCommand.summary}\n\n${usage}\n\n${describeFlags(doctorOptions)}\n`);
    return false;
  }
  const options = checkFlags(doctorOptions, readFlags(doctorOptions, argv));
  const { berthNamespace, namespace = berthNamespace, output, ...settings } = options;
  const connection = await connect(settings, "berth-doctor");
  try {
    const gitVersion = await versionOf(connection);
    if (gitVersion.includes(LOOPBACK_BUILD))
      throw new UsageError(
        "that is the simulated fleet's API, in which nothing is installed: berth doctor is for clusters; try berth status",
      );
    const examination = await examine(apiReader(connection, namespace, Date.now()));
    out(printed(examination, output));
    return examination.counts.fault > 0;
  } finally {
    await connection.close();
  }
}

async function versionOf(connection: Pick<KubeConnection, "get">): Promise<string> {
  try {
    const { gitVersion = "" } = (await connection.get("/version")) as { readonly gitVersion?: string };
    return gitVersion;
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new UsageError(
      `the API server does not answer, so that nothing can be examined: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

function printed(examination: Examination, output: DoctorOptions["output"]): string {
  return structured(output, examination) ?? examinationText(examination, { hasColour: wantsColour() });
}
