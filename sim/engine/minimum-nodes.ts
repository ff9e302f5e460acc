// How few nodes a workload needs under a policy: nodes are taken away, in a random order, until some pod has to wait that
// had not to before; and all of it is done over with other orders of nodes and pods ("cell compaction": Verma et al.,
// EuroSys'15, section 5.1). The whole replay is run each time, so that any policy and any trace can be asked.

import { SeededRandom, shuffled } from "../seeded-random.ts";
import { orderPods, type TraceOrder } from "../traces/order.ts";
import type { TraceNode } from "../traces/trace.ts";
import { type FleetShape, uniformNodes } from "./fleet.ts";
import { replay, type ReplayOptions } from "./replay.ts";
import type { RunResult } from "./run-result.ts";

export interface MinimumNodesOptions extends Omit<ReplayOptions, "afterEvent"> {
  readonly order: TraceOrder;
  /** The run with the whole fleet. */
  readonly run: Pick<RunResult, "pods" | "peak" | "bounds">;
  readonly rounds: number;
}

export interface MinimumNodes {
  /** Needed in nine rounds of ten; undefined if even the whole fleet did not do in one of them. */
  readonly nodes: number | undefined;
  readonly nodesMin: number | undefined;
  readonly nodesMax: number | undefined;
  readonly rounds: number;
  /** With so few nodes, in the round that needed most: a policy that overcommits gets by with less than it should. */
  readonly overcommits: number;
}

const PERCENTILE = 0.9;
/** A round ends when it is known to so much of the nodes; up to 200 nodes that is exact. */
const TOLERANCE = 0.005;

export function minimumNodes({ rounds, ...options }: MinimumNodesOptions): MinimumNodes {
  const found: Fit[] = [];
  for (let round = 0; round < rounds; round++) {
    const fit = fewestNodes(options, options.seed + round);
    if (fit === undefined)
      return {
        nodes: undefined,
        nodesMin: undefined,
        nodesMax: undefined,
        rounds: round + 1,
        overcommits: 0,
      };
    found.push(fit);
  }
  found.sort((a, b) => a.nodes - b.nodes);
  return {
    nodes: found[Math.ceil(PERCENTILE * found.length) - 1]?.nodes,
    nodesMin: found[0]?.nodes,
    nodesMax: found.at(-1)?.nodes,
    rounds: found.length,
    overcommits: found.at(-1)?.overcommits ?? 0,
  };
}

interface Fit {
  readonly nodes: number;
  readonly overcommits: number;
}

function fewestNodes(options: Omit<MinimumNodesOptions, "rounds">, seed: number): Fit | undefined {
  const { run, order, fleet, ...rest } = options;
  const nodes = fleet.kind === "fixed" ? shuffled(fleet.nodes, new SeededRandom(seed)) : undefined;
  const nodesMost = nodes?.length ?? Infinity;
  const pods = orderPods(options.pods, { order, seed });
  const fitWith = (count: number): Fit | undefined => {
    const shape: FleetShape = { kind: "fixed", nodes: firstNodes(fleet, nodes, count) };
    const result = replay({ ...rest, pods, seed, fleet: shape });
    // Some pods are too large for any node, or waited even with all of them: they are nobody's reason to keep a node.
    const fits = result.pods.unplaced <= run.pods.unplaced && result.pods.waitingMax <= run.pods.waitingMax;
    return fits ? { nodes: count, overcommits: result.overcommits } : undefined;
  };
  let tooFew = Math.max(0, (run.bounds.nodes ?? 1) - 1);
  let count = Math.min(nodesMost, Math.max(run.peak.nodesUsed, tooFew + 1));
  let best = fitWith(count);
  for (let step = 1; best === undefined; step *= 2) {
    if (count >= nodesMost) return undefined;
    tooFew = count;
    count = Math.min(nodesMost, count + step);
    best = fitWith(count);
  }
  // A policy that overcommits may do with less than the bound.
  if (tooFew > 0 && best.nodes > tooFew && fitWith(tooFew) !== undefined) tooFew = 0;
  const tolerance = Math.max(1, Math.floor(TOLERANCE * best.nodes));
  while (best.nodes - tooFew > tolerance) {
    const middle = Math.floor((best.nodes + tooFew) / 2);
    const fit = fitWith(middle);
    if (fit === undefined) tooFew = middle;
    else best = fit;
  }
  return best;
}

function firstNodes(
  fleet: FleetShape,
  nodes: readonly TraceNode[] | undefined,
  count: number,
): readonly TraceNode[] {
  if (fleet.kind === "auto") return uniformNodes(count, fleet.nodeSize);
  return (nodes ?? fleet.nodes).slice(0, count);
}
