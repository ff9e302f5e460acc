// What a planner reads from a whole run: nodes used, instances, pods per instance. The simulator places the slice by
// itself, seed by seed; kube-scheduler's own spread over runs with the same input is the measure of what is close.

import { mean } from "simple-statistics";
import { decodePod } from "#kube/decode-pod.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import type { StartingState } from "./fidelity-bed.ts";
import type { FidelityMode, RealDecision } from "./real-run.ts";
import { SimulatedScheduler } from "./simulated-scheduler.ts";

export interface Totals {
  readonly nodes: number;
  /** Pairs of a mesh app and a node that it is on. */
  readonly instances: number;
  /** Mesh pods per instance. */
  readonly reuse: number;
}

export type Aggregates = Readonly<Record<keyof Totals, Aggregate>>;

export interface Aggregate {
  /** Means over the seeds and over the runs. */
  readonly sim: number;
  readonly real: number;
  /** Between the highest and the lowest of the real runs. */
  readonly noise: number;
  readonly simRange: readonly [number, number];
  readonly realRange: readonly [number, number];
}

const SIMULATED_SEEDS = 5;

export function aggregatesOf(
  runs: readonly (readonly RealDecision[])[],
  { state, mode }: { readonly state: StartingState; readonly mode: FidelityMode },
): Aggregates {
  const real = runs.map((decisions) => totalsOf(decisions.flatMap(({ bound }) => bound ?? [])));
  const inputs = runs[0] ?? [];
  const simulated = Array.from({ length: SIMULATED_SEEDS }, (_, seed) =>
    totalsOf(placeFreely(inputs, { state, mode, seed })),
  );
  const of = (key: keyof Totals): Aggregate => {
    const [ours, theirs] = [simulated, real].map((all) => all.map((totals) => totals[key])) as [
      number[],
      number[],
    ];
    const range = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];
    const [low, high] = range(theirs);
    return {
      sim: mean(ours),
      real: mean(theirs),
      noise: high - low,
      simRange: range(ours),
      realRange: [low, high],
    };
  };
  return { nodes: of("nodes"), instances: of("instances"), reuse: of("reuse") };
}

interface FreeRun {
  readonly state: StartingState;
  readonly mode: FidelityMode;
  readonly seed: number;
}

function placeFreely(inputs: readonly RealDecision[], { state, mode, seed }: FreeRun): readonly unknown[] {
  const random = new SeededRandom(seed);
  const simulator = new SimulatedScheduler(state, mode);
  return inputs.flatMap(({ pod, atMs }) => {
    const { best } = simulator.decide(pod, atMs);
    const nodeName = best[random.integer(Math.max(1, best.length))];
    if (nodeName === undefined) {
      simulator.forget(pod);
      return [];
    }
    const bound = { ...(pod as object), spec: { ...(pod as { spec: object }).spec, nodeName } };
    simulator.bind(bound);
    return [bound];
  });
}

function totalsOf(bound: readonly unknown[]): Totals {
  const nodes = new Set<string>();
  const instances = new Set<string>();
  let meshPods = 0;
  for (const { app, nodeName = "" } of bound.map(decodePod)) {
    nodes.add(nodeName);
    if (app === undefined) continue;
    meshPods++;
    instances.add(`${app} ${nodeName}`);
  }
  return { nodes: nodes.size, instances: instances.size, reuse: meshPods / Math.max(1, instances.size) };
}
