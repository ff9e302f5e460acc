// The same trace under several policies, and for a trace without times in several orders.

import type { Resources } from "#model/resources.ts";
import { orderPods, type TraceOrder } from "../traces/order.ts";
import type { TracePod } from "../traces/trace.ts";
import type { ProfileOptions } from "./app-profiles.ts";
import type { FleetShape } from "./fleet.ts";
import type { MinimumNodes } from "./minimum-nodes.ts";
import type { PlacementPolicy } from "./placement-policy.ts";
import { BASELINE_POLICY, DEFAULT_POLICY } from "./policies.ts";
import type { RunConditions } from "./run-conditions.ts";
import { replay } from "./replay.ts";
import type { RunResult } from "./run-result.ts";
import type { ScenarioEvent } from "./scenario-event.ts";
import { reuseOf, type Totals } from "./run-totals.ts";

export interface ComparisonOptions {
  /** What the trace is called in the report. */
  readonly trace: string;
  readonly pods: readonly TracePod[];
  readonly policies: readonly PlacementPolicy[];
  /** The default: grouped and shuffled for a trace without times, since the order decides how much can be shared. */
  readonly orders?: readonly TraceOrder[];
  readonly fleet: FleetShape;
  readonly seed: number;
  readonly profiles: ProfileOptions;
  /** What a node proxy costs without any instance; the replay's default if absent. */
  readonly proxyBase?: Resources;
  /** Pods that a node's kubelet takes; kubelet's default if absent. */
  readonly podsPerNodeMax?: number;
  /** What happens beside the trace. */
  readonly events?: readonly ScenarioEvent[];
  /** What does not succeed at once. */
  readonly conditions?: RunConditions;
  /** Look at each run's cluster when most pods are there; true if absent. */
  readonly isSurveyed?: boolean;
  /** Called after each run. */
  readonly onRun?: (run: ComparedRun) => void;
}

export interface Comparison {
  readonly trace: {
    readonly name: string;
    readonly pods: number;
    readonly apps: number;
    /** All pods are there from the start and for good. */
    readonly isStatic: boolean;
  };
  readonly fleet: { readonly nodes: number | "auto"; readonly nodeSize: Resources | undefined };
  readonly seed: number;
  readonly runs: readonly ComparedRun[];
}

export interface ComparedRun extends Omit<RunResult, "peak" | "average"> {
  readonly order: TraceOrder;
  readonly peak: ComparedTotals & { readonly atSeconds: number };
  readonly average: ComparedTotals | undefined;
  /** Instances that kube-scheduler's default placement of the same pods has more, per node that this run uses. */
  readonly instancesSavedPerNodeByPlacement?: number;
  /** Where it was asked for. */
  readonly minimumNodes?: MinimumNodes;
}

export interface ComparedTotals extends Totals {
  readonly reuse: number | undefined;
  /** Share of the baseline's mesh memory and CPU (as granted) that this run does without; negative if it takes more. */
  readonly memorySavedShare: number | undefined;
  readonly cpuSavedShare: number | undefined;
}

/** The orders in which these pods are replayed. */
export function ordersOf(
  pods: readonly TracePod[],
  asked: readonly TraceOrder[] | undefined,
): readonly TraceOrder[] {
  return asked ?? (isStaticTrace(pods) ? ["grouped", "shuffled"] : ["file"]);
}

export function compare(options: ComparisonOptions): Comparison {
  const { pods, policies, fleet, seed, profiles, proxyBase, podsPerNodeMax } = options;
  const { events = [], conditions = {}, isSurveyed = true, onRun } = options;
  const isStatic = isStaticTrace(pods);
  const orders = ordersOf(pods, options.orders);
  const runs: ComparedRun[] = [];
  for (const order of orders) {
    const ordered = orderPods(pods, { order, seed });
    const ofOrder: ComparedRun[] = [];
    let baseline: RunResult | undefined;
    for (const policy of baselineFirst(policies)) {
      const result = replay({
        pods: ordered,
        policy,
        fleet,
        seed,
        profiles,
        events,
        conditions,
        isSurveyed,
        ...(proxyBase !== undefined && { proxyBase }),
        ...(podsPerNodeMax !== undefined && { podsPerNodeMax }),
      });
      if (policy.name === BASELINE_POLICY) baseline = result;
      const run = comparedRun(order, result, baseline);
      ofOrder.push(run);
      onRun?.(run);
    }
    runs.push(...againstDefault(ofOrder, policies));
  }
  return {
    trace: {
      name: options.trace,
      pods: pods.length,
      apps: new Set(pods.map(({ app }) => app)).size,
      isStatic,
    },
    fleet:
      fleet.kind === "auto"
        ? { nodes: "auto", nodeSize: fleet.nodeSize }
        : {
            nodes: fleet.nodes.length,
            nodeSize: onlySize(fleet.nodes.map(({ allocatable }) => allocatable)),
          },
    seed,
    runs,
  };
}

function isStaticTrace(pods: readonly TracePod[]): boolean {
  const [first] = pods;
  return pods.every(
    ({ createSeconds, deleteSeconds }) =>
      deleteSeconds === undefined && createSeconds === first?.createSeconds,
  );
}

function baselineFirst(policies: readonly PlacementPolicy[]): readonly PlacementPolicy[] {
  const isBaseline = ({ name }: PlacementPolicy): boolean => name === BASELINE_POLICY;
  return [...policies.filter(isBaseline), ...policies.filter((policy) => !isBaseline(policy))];
}

function comparedRun(order: TraceOrder, result: RunResult, baseline: RunResult | undefined): ComparedRun {
  const { peak, average, ...rest } = result;
  return {
    order,
    ...rest,
    peak: { ...comparedTotals(peak, baseline?.peak), atSeconds: peak.atSeconds },
    average: average && comparedTotals(average, baseline?.average),
  };
}

// Sidecars have no instances to share, and the default is what the others are held against.
function againstDefault(
  runs: readonly ComparedRun[],
  policies: readonly PlacementPolicy[],
): readonly ComparedRun[] {
  const byDefault = runs.find(({ policy }) => policy === DEFAULT_POLICY);
  const shared = new Set(policies.filter(({ mesh }) => mesh.kind === "nodeProxy").map(({ name }) => name));
  return runs.map((run) => {
    const { policy, peak } = run;
    if (byDefault === undefined || run === byDefault || !shared.has(policy) || peak.nodesUsed === 0)
      return run;
    const saved = (byDefault.peak.instances - peak.instances) / peak.nodesUsed;
    return { ...run, instancesSavedPerNodeByPlacement: saved };
  });
}

function comparedTotals(totals: Totals, baseline: Totals | undefined): ComparedTotals {
  return {
    ...totals,
    reuse: reuseOf(totals),
    memorySavedShare: savedShare(totals.meshMemoryBytesGranted, baseline?.meshMemoryBytesGranted),
    cpuSavedShare: savedShare(totals.meshCpuMilliGranted, baseline?.meshCpuMilliGranted),
  };
}

function savedShare(amount: number, before: number | undefined): number | undefined {
  return before === undefined || before === 0 ? undefined : 1 - amount / before;
}

function onlySize(sizes: readonly Resources[]): Resources | undefined {
  const [first] = sizes;
  const isSame = sizes.every(
    ({ cpuMilli, memoryBytes }) => cpuMilli === first?.cpuMilli && memoryBytes === first.memoryBytes,
  );
  return isSame ? first : undefined;
}
