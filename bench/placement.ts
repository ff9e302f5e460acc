// How well each policy packs a given trace: instances and nodes against what no placement can do better than, in the
// orders in which a trace without times may arrive, and after rolling updates. A trace with times is judged over time.

import { parseArgs } from "node:util";
import { UsageError } from "#runtime/usage-error.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import type { FleetShape } from "#sim/engine/fleet.ts";
import type { PlacementPolicy } from "#sim/engine/placement-policy.ts";
import { placementPolicies } from "#sim/engine/policies.ts";
import { replay, type ReplayOptions } from "#sim/engine/replay.ts";
import type { RunResult } from "#sim/engine/run-result.ts";
import type { ScenarioEvent } from "#sim/engine/scenario-event.ts";
import { loadTrace } from "#sim/traces/load-trace.ts";
import { orderPods, TRACE_ORDERS, type TraceOrder } from "#sim/traces/order.ts";
import { loadTraceNodes } from "#sim/traces/node-table.ts";
import type { TracePod } from "#sim/traces/trace.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";

export const placementBench: Bench = {
  summary: "instances and nodes under each policy for a trace, against what is possible at best",
  run: benchPlacement,
};

const SEED = 1;
const MIB = 1024 ** 2;
/** Of a quick run. */
const PODS_QUICK = 5_000;
/** Between two rollouts of a trace without times. */
const ROLLOUT_EVERY_SECONDS = 300;

async function benchPlacement({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const asked = askedFor(argv);
  const all = await loadTrace(asked.pods, asked.apps === undefined ? {} : { appsPath: asked.apps });
  const pods = isQuick ? all.slice(0, PODS_QUICK) : all;
  const fleet: FleetShape = { kind: "fixed", nodes: await loadTraceNodes(asked.nodes) };
  const isTimed = pods.some(({ createSeconds }) => createSeconds !== pods[0]?.createSeconds);
  const orders = asked.orders ?? (isTimed ? ["file"] : TRACE_ORDERS);
  const runs: PlacementRun[] = [];
  for (const order of orders) {
    const ordered = orderPods(pods, { order, seed: SEED });
    for (const policy of asked.policies) {
      progress(`${policy.name}, ${order}`);
      const events = rollouts(ordered, asked.rollouts, isTimed);
      runs.push(
        measured({ pods: ordered, policy, fleet, seed: SEED, profiles: asked.profiles, events }, order),
      );
    }
  }
  return { figures: { pods: pods.length, rollouts: asked.rollouts, runs, isQuick }, table: tableOf(runs) };
}

interface PlacementRun {
  readonly policy: string;
  readonly order: TraceOrder;
  readonly placed: number;
  readonly unplaced: number;
  /** At the end of a trace without times; the mean over time of one with times. */
  readonly instances: number;
  readonly instanceBound: number;
  readonly instanceRatio: number;
  /** When most pods ran. */
  readonly nodes: number;
  readonly nodeBound: number | null;
  /** Over time; null for a trace without times. */
  readonly averageNodes: number | null;
  readonly reuse: number;
  readonly overcommits: number;
  readonly capViolations: number;
  readonly evaluationsPerPod: number;
  readonly seconds: number;
}

function measured(options: ReplayOptions, order: TraceOrder): PlacementRun {
  const startedMs = performance.now();
  const result = replay(options);
  const seconds = (performance.now() - startedMs) / 1000;
  const { instances, instanceBound, pods } = instancesOf(result);
  return {
    policy: result.policy,
    order,
    placed: result.pods.placed,
    unplaced: result.pods.unplaced,
    instances,
    instanceBound,
    instanceRatio: instances / instanceBound,
    nodes: result.peak.nodesUsed,
    nodeBound: result.bounds.nodes ?? null,
    averageNodes: result.average?.nodesUsed ?? null,
    reuse: pods / instances,
    overcommits: result.overcommits,
    capViolations: result.capViolations,
    evaluationsPerPod: result.evaluations / options.pods.length,
    seconds,
  };
}

function instancesOf({ average, bounds, final }: RunResult): {
  readonly instances: number;
  readonly instanceBound: number;
  readonly pods: number;
} {
  if (average === undefined || bounds.instancesAverage === undefined)
    return { instances: final.instances, instanceBound: final.instancesMin, pods: final.pods };
  return { instances: average.instances, instanceBound: bounds.instancesAverage, pods: average.pods };
}

/** Of apps drawn at random: one after the other, or spread over the time of the trace. */
function rollouts(pods: readonly TracePod[], count: number, isTimed: boolean): readonly ScenarioEvent[] {
  const random = new SeededRandom(SEED);
  const apps = [...new Set(pods.map(({ app }) => app))];
  const seconds = pods.map(({ createSeconds }) => createSeconds);
  const first = seconds.reduce((a, b) => Math.min(a, b), Infinity);
  const last = seconds.reduce((a, b) => Math.max(a, b), -Infinity);
  return Array.from({ length: count }, (_, index) => ({
    kind: "rollout",
    app: apps[random.integer(apps.length)] ?? "",
    atSeconds: isTimed
      ? first + Math.round(((index + 1) * (last - first)) / (count + 1))
      : last + (index + 1) * ROLLOUT_EVERY_SECONDS,
  }));
}

interface Asked {
  readonly pods: string;
  readonly nodes: string;
  readonly apps: string | undefined;
  readonly orders: readonly TraceOrder[] | undefined;
  readonly rollouts: number;
  readonly policies: readonly PlacementPolicy[];
  readonly profiles: { readonly podsPerNodeMax?: number; readonly instanceBaseBytes?: number };
}

function askedFor(argv: readonly string[]): Asked {
  const values = parsed(argv);
  const { pods, nodes, apps, cap, "base-mib": baseMib, order = [], policy = [] } = values;
  if (pods === undefined || nodes === undefined)
    throw new UsageError("bench placement needs --pods FILE and --nodes FILE");
  const known = placementPolicies();
  return {
    pods,
    nodes,
    apps,
    orders: order.length === 0 ? undefined : order.map((name) => oneOf("order", name, TRACE_ORDERS)),
    rollouts: values.rollouts === undefined ? 0 : wholeNumber("rollouts", values.rollouts, 0),
    policies:
      policy.length === 0
        ? known
        : policy.map((name) => {
            const chosen = oneOf(
              "policy",
              name,
              known.map((each) => each.name),
            );
            return known.find((each) => each.name === chosen) as PlacementPolicy;
          }),
    profiles: {
      ...(cap !== undefined && { podsPerNodeMax: wholeNumber("cap", cap, 1) }),
      ...(baseMib !== undefined && { instanceBaseBytes: wholeNumber("base-mib", baseMib, 0) * MIB }),
    },
  };
}

const TEXT = { type: "string" } as const;
const TEXTS = { type: "string", multiple: true } as const;

function parsed(argv: readonly string[]) {
  try {
    const options = {
      pods: TEXT,
      nodes: TEXT,
      apps: TEXT,
      cap: TEXT,
      "base-mib": TEXT,
      rollouts: TEXT,
      order: TEXTS,
      policy: TEXTS,
    };
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function oneOf<T extends string>(flag: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found === undefined) throw new UsageError(`--${flag}: "${value}" is none of ${known.join(", ")}`);
  return found;
}

function wholeNumber(flag: string, text: string, min: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new UsageError(`--${flag}: "${text}" is no whole number from ${min} on`);
}

function tableOf(runs: readonly PlacementRun[]): string {
  return runs
    .map((run) => {
      const average = run.averageNodes === null ? "" : `, ${run.averageNodes.toFixed(1)} on average`;
      return (
        `${run.policy}, ${run.order}: ${run.instances.toFixed(0)} instances ` +
        `(${run.instanceRatio.toFixed(3)} × ${run.instanceBound.toFixed(0)}), ${run.nodes} nodes ` +
        `(at least ${run.nodeBound ?? "more than there are"}${average}), reuse ${run.reuse.toFixed(2)}, ` +
        `${run.unplaced} unplaced, ${run.overcommits} overcommits, ${run.capViolations} over the cap, ` +
        `${run.seconds.toFixed(1)} s`
      );
    })
    .join("\n");
}
