// Decision by decision: the simulator is put into the state in which kube-scheduler decided, is asked the same, and takes
// over what was really done, so that one disagreement brings no further ones with it.

import type { StartingState } from "./fidelity-bed.ts";
import type { FidelityMode, RealDecision } from "./real-run.ts";
import { SimulatedScheduler, type SimulatedDecision } from "./simulated-scheduler.ts";

export interface Agreement {
  decisions: number;
  /** Pods that no node took. */
  podsRejected: number;
  /** Decisions in which some node was turned down. */
  decisionsWithRejections: number;
  /** Nodes turned down, by reason. */
  readonly rejections: Map<string, number>;
  /** Pairs of a decision and a node, and those of them in which both sides say the same of the node. */
  pairs: number;
  pairsAgreed: number;
  /** Decisions with more than one node to choose from, and those in which the node taken is among the model's best. */
  choices: number;
  choicesAgreed: number;
  /** Pairs of a decision and a scored node, and those of them with the very same total. */
  totals: number;
  totalsAgreed: number;
  /** Of each choice: how many nodes the model holds for best. */
  readonly bestSizes: number[];
  /** Sum over the choices of the chance to hit one of the best by chance. */
  chance: number;
  /** The first few, in words. */
  readonly disagreements: string[];
}

const DISAGREEMENTS_MAX = 20;

export function newAgreement(): Agreement {
  return {
    decisions: 0,
    podsRejected: 0,
    decisionsWithRejections: 0,
    rejections: new Map(),
    pairs: 0,
    pairsAgreed: 0,
    choices: 0,
    choicesAgreed: 0,
    totals: 0,
    totalsAgreed: 0,
    bestSizes: [],
    chance: 0,
    disagreements: [],
  };
}

/** Adds one run's decisions to the agreement. */
export function compareInLockStep(
  agreement: Agreement,
  state: StartingState,
  { decisions, mode }: { readonly decisions: readonly RealDecision[]; readonly mode: FidelityMode },
): void {
  const simulator = new SimulatedScheduler(state, mode);
  for (const real of decisions) {
    const simulated = simulator.decide(real.pod, real.atMs);
    compare(agreement, { real, simulated, nodeCount: state.nodes.length });
    if (real.bound === undefined) simulator.forget(real.pod);
    else simulator.bind(real.bound);
  }
}

interface Pair {
  readonly real: RealDecision;
  readonly simulated: SimulatedDecision;
  readonly nodeCount: number;
}

function compare(agreement: Agreement, { real, simulated, nodeCount }: Pair): void {
  agreement.decisions++;
  if (real.nodeName === undefined) agreement.podsRejected++;
  if (simulated.rejections.size > 0) agreement.decisionsWithRejections++;
  for (const [reason, nodes] of simulated.rejections) {
    agreement.rejections.set(reason, (agreement.rejections.get(reason) ?? 0) + nodes);
  }
  const say = (what: string): void => {
    if (agreement.disagreements.length < DISAGREEMENTS_MAX)
      agreement.disagreements.push(`${nameOf(real)}: ${what}`);
  };
  const differing = new Set([
    ...differences(feasibleOf(real), simulated.feasible),
    ...(real.asked === undefined ? [] : differences(real.asked.offered, simulated.offered)),
  ]);
  agreement.pairs += nodeCount;
  agreement.pairsAgreed += nodeCount - differing.size;
  if (differing.size > 0) say(`feasible for one side only: ${[...differing].join(", ")}`);
  if (feasibleOf(real).length < 2 || real.nodeName === undefined) return;
  agreement.choices++;
  if (simulated.best.includes(real.nodeName)) agreement.choicesAgreed++;
  else say(`took ${real.nodeName}, the model's best are ${simulated.best.join(", ")}`);
  agreement.bestSizes.push(simulated.best.length);
  agreement.chance += simulated.best.length / Math.max(1, simulated.feasible.length);
  for (const [node, total] of real.logged.totals) {
    agreement.totals++;
    const own = simulated.totals.get(node);
    if (own === total) agreement.totalsAgreed++;
    else say(`${node} has ${total} in total (${pluginsOf(real, node)}), and ${own} in the model`);
  }
}

/** Kube-scheduler does not score a node that is left alone. */
function feasibleOf({ logged, nodeName, asked }: RealDecision): readonly string[] {
  if (asked !== undefined) return asked.passed;
  if (logged.totals.size > 0) return [...logged.totals.keys()];
  return nodeName === undefined ? [] : [nodeName];
}

function differences(a: readonly string[], b: readonly string[]): ReadonlySet<string> {
  return new Set(a).symmetricDifference(new Set(b));
}

function nameOf({ pod }: RealDecision): string {
  return (pod as { metadata: { name: string } }).metadata.name;
}

function pluginsOf({ logged }: RealDecision, node: string): string {
  return [...logged.scores].map(([plugin, scores]) => `${plugin} ${scores.get(node)}`).join(", ");
}
