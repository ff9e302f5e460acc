// `berth plan`: what a cluster of one's own would save with node proxies, from a saved list of its nodes and pods or from
// the cluster itself. Nothing is written to it.

import { basename } from "node:path";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { connect } from "#kube/connect.ts";
import { berthVersion } from "#runtime/berth-version.ts";
import { reportAndExit } from "#runtime/component.ts";
import { checkFlags, describeFlags, readFlags } from "#runtime/flags.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { plansWithOtherBases } from "#sim/plan/instance-bases.ts";
import { type Plan, planFor, type PlanOptions } from "#sim/plan/plan.ts";
import { planReport } from "#sim/report/plan-report.ts";
import { planTable } from "#sim/report/plan-table.ts";
import { planTables } from "#sim/report/plan-tables.ts";
import {
  checkReportTargets,
  givenOptions,
  inputFile,
  inputObjects,
  wantsReport,
  writeReports,
} from "../report-output.ts";
import { type CommandOutput, standardOutput } from "../command-output.ts";
import { reencoded } from "../structured.ts";
import type { Explanation } from "#scheduler-extender/policy/explanation.ts";
import { decisionText } from "../explain/explanation-text.ts";
import { progressShown, WorkProgress, type WorkProgressOptions } from "../work-progress.ts";
import { type PlanFlags, planOptions } from "./plan-options.ts";
import { type MeshRule, plannedClusterOf, type ReadCluster } from "./planned-cluster-of.ts";
import { KNOWN_SIDECARS } from "./sidecars.ts";
import { listSnapshot, readSnapshot, type SnapshotObjects } from "./snapshot-objects.ts";

export const planCommand = {
  summary: "what a cluster of yours would save: its nodes and pods under sidecars and under node proxies",
  async run(argv: readonly string[]): Promise<void> {
    try {
      await runPlan(argv, standardOutput());
    } catch (error) {
      reportAndExit(error);
    }
  },
};

/** @throws UsageError for options or snapshots that cannot work. */
export async function runPlan(
  argv: readonly string[],
  { out, progress: write, isTerminal, hasColour }: CommandOutput,
): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) return out(help());
  const flags = checkFlags(planOptions, readFlags(planOptions, argv));
  checkReportTargets(flags);
  const objects = await objectsOf(flags);
  const read = plannedClusterOf(objects, {
    rule: flags.mesh,
    sidecars: sidecarNames(flags),
    assumedSidecar: size(flags.sidecarCpu, flags.sidecarMemory),
    instanceBaseBytes: flags.baseMib === undefined ? undefined : Math.ceil(flags.baseMib * 1024 ** 2),
    podsPerNodeMax: flags.cap,
    movesAll: flags.moveAll,
  });
  let explanation: Explanation | undefined;
  const options = {
    ...(flags.explain !== undefined && {
      explained: { pod: flags.explain, onExplained: (found: Explanation) => void (explanation = found) },
    }),
    proxyBase: size(flags.proxyCpu, flags.proxyMemory),
    seed: flags.seed,
    rounds: flags.rounds,
  };
  const isForProgram = flags.json || flags.output !== "table";
  const shown = progressShown(isTerminal, { isForProgram });
  const plan = withProgress({ write, shown }, (onPart) => planFor(read.cluster, { ...options, onPart }));
  if (flags.explain !== undefined && explanation === undefined) throw notPlaced(flags.explain, read);
  const name = sourceName(flags);
  const assumptions = assumptionsOf(read, flags);
  out(
    isForProgram
      ? reencoded(flags.output, planJson(plan, read, { ...flags, explanation }))
      : `${name}: ${assumptions.join("\n")}\n\n${planTable(plan, { hasColour })}`,
  );
  if (explanation !== undefined && !isForProgram) out(`\n${decisionText("Placed anew", explanation)}\n`);
  const otherBases = wantsReport(flags)
    ? withProgress({ write, shown }, (onPart) => plansWithOtherBases(read.cluster, { ...options, onPart }))
    : [];
  const inputs = [
    flags.snapshot === undefined
      ? inputObjects("nodes and pods of the cluster", [...objects.nodes, ...objects.pods])
      : await inputFile(flags.snapshot),
  ];
  const provenance = { version: berthVersion(), seed: flags.seed, inputs, options: givenOptions(argv) };
  await writeReports(flags, {
    document: () => planReport({ name, plan, otherBases, assumptions, provenance }),
    tables: planTables(plan, otherBases),
  });
}

type OnPart = NonNullable<PlanOptions["onPart"]>;

/** The work's parts on one line, which is gone when it is done. */
function withProgress<T>(
  output: Pick<WorkProgressOptions, "write" | "shown">,
  work: (onPart: OnPart) => T,
): T {
  let progress: WorkProgress | undefined;
  const result = work((what, { done, of }) => {
    progress ??= new WorkProgress({ ...output, total: of, unit: "parts", nowMs: () => performance.now() });
    progress.begin(what, done);
  });
  progress?.clear();
  return result;
}

function help(): string {
  return `${planCommand.summary}

Usage: kubectl get nodes,pods -A -o json > cluster.json
       berth plan --snapshot cluster.json
       berth plan --kubeconfig FILE

The pods' requests are read, nothing is written. A pod's app is what its labels berth.dev/app,
app.kubernetes.io/name, app or k8s-app say, else its controller. Pods with volumes of their own node or zone,
hard anti-affinity and the like stay where they are (see --move-all).

${describeFlags(planOptions)}
`;
}

async function objectsOf(flags: PlanFlags): Promise<SnapshotObjects> {
  const { snapshot, kubeconfig, apiServer } = flags;
  if (snapshot !== undefined) {
    if (kubeconfig !== undefined || apiServer !== undefined) {
      throw new UsageError("give either --snapshot or a cluster, not both");
    }
    return readSnapshot(snapshot);
  }
  const connection = await connect(flags, "berth-plan");
  try {
    return await listSnapshot(connection);
  } finally {
    await connection.close();
  }
}

function sidecarNames({ sidecarContainer }: PlanFlags): readonly string[] {
  const names = sidecarContainer?.split(",").map((name) => name.trim());
  if (names?.includes("") === true) throw new UsageError("--sidecar-container: holds an empty name");
  return names ?? KNOWN_SIDECARS;
}

function size(cpu: string, memory: string): Resources {
  return { cpuMilli: parseCpuMilli(cpu), memoryBytes: parseMemoryBytes(memory) };
}

const RULES: Readonly<Record<MeshRule, string>> = {
  sidecar: "pods with a sidecar",
  label: "pods with Berth's label",
  all: "all pods but those of DaemonSets and of the system's namespaces",
};

// What the figures rest on stands before them.
function assumptionsOf({ rule, assumedSidecars }: ReadCluster, flags: PlanFlags): readonly string[] {
  const lines = [`the mesh is ${RULES[rule]}`];
  if (assumedSidecars > 0) {
    lines.push(
      `assumed: ${assumedSidecars} of them have no sidecar, and would have one of ${flags.sidecarCpu} and ${flags.sidecarMemory}`,
    );
  }
  const base = flags.baseMib === undefined ? "200 MiB (NodeSentry's; --base-mib)" : `${flags.baseMib} MiB`;
  lines.push(
    `assumed: an instance takes ${base}, a proxy ${flags.proxyCpu} and ${flags.proxyMemory} besides, traffic as in the default profile`,
  );
  return lines;
}

function sourceName({ snapshot, context }: PlanFlags): string {
  return snapshot === undefined ? (context ?? "the cluster") : basename(snapshot);
}

// A pod that is no candidate has no decision to explain: which of the reasons it is, the snapshot says.
function notPlaced(name: string, { cluster }: ReadCluster): UsageError {
  const pod = cluster.pods.find(({ view }) => `${view.namespace}/${view.name}` === name);
  if (pod === undefined) return new UsageError(`--explain: there is no pod ${name} that is not finished`);
  if (pod.view.app === undefined) return new UsageError(`--explain: ${name} is not in the mesh, and stays`);
  if (pod.view.nodeName === undefined) return new UsageError(`--explain: ${name} has no node yet`);
  return new UsageError(
    `--explain: ${name} stays where it is, since it asks for what a plan cannot weigh: ${pod.bond ?? "nothing"} (see --move-all)`,
  );
}

function planJson(
  plan: Plan,
  { rule, assumedSidecars }: ReadCluster,
  flags: PlanFlags & { readonly explanation: Explanation | undefined },
): string {
  const {
    proxyCpu,
    proxyMemory,
    sidecarCpu,
    sidecarMemory,
    baseMib = null,
    cap = null,
    seed,
    rounds,
    moveAll,
  } = flags;
  const value = {
    mesh: rule,
    assumptions: {
      assumedSidecars,
      sidecarCpu,
      sidecarMemory,
      proxyCpu,
      proxyMemory,
      baseMib,
      cap,
      moveAll,
      seed,
      rounds,
    },
    ...plan,
    ...(flags.explanation !== undefined && { explanation: flags.explanation }),
  };
  return `${JSON.stringify(value, (_key, entry: unknown) => (entry === undefined ? null : entry), 2)}\n`;
}
