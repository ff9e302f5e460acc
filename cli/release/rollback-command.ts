// `berth rollback`: puts an app's configuration back to one that was good before. A release that is under way ends, and
// one that has ended is undone: on all nodes at once, since the version is known and the other one is in the way.

import type { Release, ReleaseVersion } from "#model/release.ts";
import { connect } from "#kube/connect.ts";
import { AT_ONCE_ANNOTATION, type ReleasedProfile } from "#kube/released-profile.ts";
import { runtimeConfigFields } from "#kube/runtime-config-schema.ts";
import { reportAndExit } from "#runtime/component.ts";
import { checkFlags, describeFlags, readCommandLine } from "#runtime/flags.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { programName } from "../program-name.ts";
import { structured } from "../structured.ts";
import { changeProfile, namedApp, type ProfileObject } from "./profile-object.ts";
import { rollbackOptions } from "./release-options.ts";

export const rollbackCommand = {
  summary: "put an app's configuration back to the version before, on all nodes at once",
  async run(argv: readonly string[]): Promise<void> {
    try {
      await runRollback(argv, (text) => void process.stdout.write(text));
    } catch (error) {
      reportAndExit(error);
    }
  },
};

/** @throws UsageError for options that cannot work, and where there is nothing to go back to. */
export async function runRollback(argv: readonly string[], out: (text: string) => void): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) {
    const usage = `Usage: ${programName()} rollback NAMESPACE/NAME [options]`;
    return out(`${rollbackCommand.summary}\n\n${usage}\n\n${describeFlags(rollbackOptions)}\n`);
  }
  const { words, given } = readCommandLine(rollbackOptions, argv);
  const options = checkFlags(rollbackOptions, given);
  const app = namedApp(words, options.namespace);
  const connection = await connect(options, "berth-rollback");
  try {
    const done = await changeProfile(connection, app, (object, profile) => {
      const version = chosen(profile, options.to);
      const isThere = version.config === profile.wanted.config;
      const changed = isThere || options.dryRun ? undefined : rolledBack(object, version);
      return { object: changed, version: version.version, from: profile.wanted.version, isThere };
    });
    const { object, ...report } = done;
    const name = `${app.namespace}/${app.name}`;
    const isWritten = object !== undefined;
    const told = structured(options.output, { app: name, ...report, written: isWritten });
    if (told !== undefined) return out(told);
    const { version, isThere } = report;
    if (isThere)
      return out(`the spec of ${name} is that of version ${version} already; nothing is changed\n`);
    if (!isWritten)
      return out(`${name} would go back to version ${version}; nothing is changed in a dry run\n`);
    out(
      `${name} goes back to version ${version}, on all nodes at once\n` +
        `see: kubectl -n ${app.namespace} get meshprofile ${app.name} -o jsonpath='{.status.release.message}'\n`,
    );
  } finally {
    await connection.close();
  }
}

/** Under way or halted, what settled is the one before; else the one before that. */
function chosen({ release, wanted }: ReleasedProfile, to: number | undefined): ReleaseVersion {
  if (release === undefined)
    throw new UsageError("no version of it is recorded: the recommender does, with --proxy-usage-port");
  const known = [release.settled, ...release.previous];
  const isSettled = wanted.config === release.settled.config;
  const version = to === undefined ? known[isSettled ? 1 : 0] : known.find((one) => one.version === to);
  if (version !== undefined) return version;
  const versions = versionsText(release);
  if (to === undefined) throw new UsageError(`there is no version before; recorded: ${versions}`);
  throw new UsageError(`--to: version ${to} is not recorded; recorded: ${versions}`);
}

function versionsText({ settled, previous }: Release): string {
  return [settled, ...previous].map(({ version }) => version).join(", ");
}

/** The spec with the version's configuration in the place of its own; all else stays. */
function rolledBack(object: ProfileObject, { config }: ReleaseVersion): object {
  const { metadata, spec = {} } = object;
  const kept = Object.entries(spec).filter(([key]) => !Object.hasOwn(runtimeConfigFields, key));
  // The write that changes the spec makes the next generation, and no other write can come between.
  const generation = String((metadata.generation ?? 0) + 1);
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [AT_ONCE_ANNOTATION]: generation } },
    spec: { ...Object.fromEntries(kept), ...(JSON.parse(config) as object) },
  };
}
