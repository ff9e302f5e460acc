// `berth ungate`: lets every pod go that nominate mode holds back, for the day when no placement controller does.

import { connect } from "#kube/connect.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { programName } from "../program-name.ts";
import { reportAndExit } from "#runtime/component.ts";
import { describeFlags } from "#runtime/flags.ts";
import { Limiter } from "#runtime/limiter.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { counted } from "../counted.ts";
import { structured } from "../structured.ts";
import { type GatedPod, listGatedPods, ungate, type Ungating } from "./gated-pods.ts";
import { readUngateOptions, ungateOptions, type UngateOptions } from "./ungate-options.ts";

/** Thousands of pods in well under a minute, without a burst that an API server would hold against one client. */
const WRITES_AT_ONCE_MAX = 16;
/** What is told of failures; the rest is counted. */
const FAILURES_TOLD_MAX = 10;

export const ungateCommand = {
  summary: "let go of the pods that nominate mode holds back, for when no placement controller does",
  async run(argv: readonly string[]): Promise<void> {
    try {
      const isWhole = await runUngate(argv, (text) => void process.stdout.write(text));
      process.exit(isWhole ? 0 : 1);
    } catch (error) {
      reportAndExit(error);
    }
  },
};

/**
 * False if some gates are still there.
 *
 * @throws UsageError for options that cannot work, and for an API server that does not list the pods.
 */
export async function runUngate(argv: readonly string[], out: (text: string) => void): Promise<boolean> {
  if (argv.includes("--help") || argv.includes("-h")) {
    out(
      `${ungateCommand.summary}\n\nUsage: ${programName()} ungate [options]\n\n${describeFlags(ungateOptions)}\n`,
    );
    return true;
  }
  const options = readUngateOptions(argv);
  const connection = await connect(options, "berth-ungate");
  try {
    const pods = await listed(connection, options);
    if (options.output === "table") out(foundText(pods));
    const answers = options.dryRun ? [] : await ungateAll(connection, pods);
    const report = reportOf(pods, answers);
    out(structured(options.output, report) ?? liftedText(report, options));
    return report.failed === 0;
  } finally {
    await connection.close();
  }
}

async function listed(
  connection: KubeConnection,
  { namespace }: UngateOptions,
): Promise<readonly GatedPod[]> {
  try {
    return await listGatedPods(connection, namespace);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new UsageError(`the pods cannot be listed: ${error.message}`, { cause: error });
  }
}

interface Answer {
  readonly pod: GatedPod;
  readonly ungating: Ungating;
}

async function ungateAll(connection: KubeConnection, pods: readonly GatedPod[]): Promise<readonly Answer[]> {
  const limiter = new Limiter(WRITES_AT_ONCE_MAX);
  return Promise.all(
    pods.map(async (pod) => ({ pod, ungating: await limiter.run(() => ungate(connection, pod)) })),
  );
}

interface Report {
  readonly gated: number;
  readonly lifted: number;
  readonly gone: number;
  readonly failed: number;
  readonly namespaces: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly pod: string; readonly message: string }[];
}

function reportOf(pods: readonly GatedPod[], answers: readonly Answer[]): Report {
  const count = (kind: Ungating["kind"]): number =>
    answers.filter(({ ungating }) => ungating.kind === kind).length;
  const failures = answers.flatMap(({ pod, ungating }) =>
    ungating.kind === "failed" ? [{ pod: `${pod.namespace}/${pod.name}`, message: ungating.message }] : [],
  );
  return {
    gated: pods.length,
    lifted: count("lifted"),
    gone: count("gone"),
    failed: failures.length,
    namespaces: Object.fromEntries(perNamespace(pods)),
    failures: failures.slice(0, FAILURES_TOLD_MAX),
  };
}

function foundText(pods: readonly GatedPod[]): string {
  const namespaces = perNamespace(pods);
  const rows = namespaces.map(([namespace, count]) => `  ${namespace}: ${count}\n`);
  return `${counted(pods.length, "pod")} held back in ${counted(namespaces.length, "namespace")}\n${rows.join("")}`;
}

function liftedText({ gated, lifted, gone, failed, failures }: Report, { dryRun }: UngateOptions): string {
  if (dryRun) return gated === 0 ? "" : "nothing is lifted in a dry run\n";
  const told = failures.map(({ pod, message }) => `  ${pod}: ${message}\n`);
  return `${lifted} lifted, ${gone} gone meanwhile, ${failed} failed\n${told.join("")}`;
}

function perNamespace(pods: readonly GatedPod[]): readonly (readonly [string, number])[] {
  return [...Map.groupBy(pods, ({ namespace }) => namespace)]
    .map(([namespace, { length }]) => [namespace, length] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}
