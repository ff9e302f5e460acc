// Apps whose true costs are known, on nodes whose load swings over the day: what cost learning is held against.

import { DEFAULT_APP_COST, type AppCost } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import type { SeededRandom } from "#sim/seeded-random.ts";
import { InstanceLearner, type InstanceUsage } from "../policy/instance-learner.ts";

export interface SyntheticTrouble {
  /** Standard deviation of a reading's CPU, as a share; memory has half of it. */
  readonly noise: number;
  /** The same of connections and requests around what the pods' number says: small ones make them collinear. */
  readonly loadSpread: number;
  /** CPU above this share of a plain plan is held back. */
  readonly capShare?: number;
  /** Share of the readings that are wildly off. */
  readonly outliers?: number;
}

const NODES = 12;
const DAY_MINUTES = 1_440;
const COEFFICIENTS = ["base", "perPod", "perConnection", "perKiloRps"] as const;

/** Learns one app from two days of readings a minute apart; returns each coefficient's error as a share of the truth. */
function learnSyntheticApp(random: SeededRandom, trouble: SyntheticTrouble): ReadonlyMap<string, number> {
  const gauss = (): number =>
    Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const truth = trueCost(() => 0.4 + 1.8 * random.next());
  const { connectionsPerPod, kiloRpsPerPod } = truth;
  const learner = new InstanceLearner(DEFAULT_APP_COST);
  const nodes = Array.from({ length: NODES }, () => ({
    pods: 1 + random.integer(8),
    deviation: 1 + 0.03 * gauss(),
  }));
  for (let minute = 0; minute < 2 * DAY_MINUTES; minute++) {
    const daily = 1 + 0.5 * Math.sin((2 * Math.PI * minute) / DAY_MINUTES);
    for (const node of nodes) {
      if (random.next() < 0.002) node.pods = 1 + random.integer(8);
      const load = (perPod: number): number =>
        node.pods * perPod * daily * Math.exp(trouble.loadSpread * gauss());
      const usage = {
        pods: node.pods,
        connections: load(connectionsPerPod),
        kiloRps: load(kiloRpsPerPod),
      };
      const isOff = random.next() < (trouble.outliers ?? 0);
      const measured = (resource: keyof Resources, noise: number): number =>
        costOf(truth, usage, resource) *
        node.deviation *
        (isOff ? 5 * random.next() : Math.max(0.1, 1 + noise * gauss()));
      const cpuMilli = measured("cpuMilli", trouble.noise);
      const cap = (trouble.capShare ?? Infinity) * (50 + node.pods * 22);
      const used = {
        cpuMilli: Math.min(cap, cpuMilli),
        memoryBytes: measured("memoryBytes", trouble.noise / 2),
      };
      learner.add({ ...usage, used, isThrottled: cpuMilli > cap }, minute * 60_000);
    }
  }
  return errorsOf(learner.costs(), truth);
}

function trueCost(factor: () => number): AppCost {
  const scaled = ({ cpuMilli, memoryBytes }: Resources): Resources => ({
    cpuMilli: cpuMilli * factor(),
    memoryBytes: memoryBytes * factor(),
  });
  const { base, perPod, perConnection, perKiloRps } = DEFAULT_APP_COST;
  return {
    base: scaled({ ...base, memoryBytes: 0.4 * base.memoryBytes }),
    perPod: scaled(perPod),
    perConnection: scaled({ ...perConnection, cpuMilli: 0.1 }),
    perKiloRps: scaled(perKiloRps),
    connectionsPerPod: 20 * factor(),
    kiloRpsPerPod: 0.05 * factor(),
  };
}

function costOf(
  cost: AppCost,
  { pods, connections, kiloRps }: Pick<InstanceUsage, "pods" | "connections" | "kiloRps">,
  resource: keyof Resources,
): number {
  return (
    cost.base[resource] +
    pods * cost.perPod[resource] +
    connections * cost.perConnection[resource] +
    kiloRps * cost.perKiloRps[resource]
  );
}

function errorsOf(learned: AppCost, truth: AppCost): ReadonlyMap<string, number> {
  const errors = new Map<string, number>();
  const share = (found: number, expected: number): number => Math.abs(found / expected - 1);
  for (const resource of ["cpuMilli", "memoryBytes"] as const) {
    for (const coefficient of COEFFICIENTS)
      errors.set(
        `${coefficient}.${resource}`,
        share(learned[coefficient][resource], truth[coefficient][resource]),
      );
    const four = {
      pods: 4,
      connections: 4 * truth.connectionsPerPod,
      kiloRps: 4 * truth.kiloRpsPerPod,
    };
    errors.set(`fourPods.${resource}`, share(costOf(learned, four, resource), costOf(truth, four, resource)));
  }
  return errors;
}

/** Kinds of trouble that tests and benches look at. */
export const TROUBLES: Readonly<
  Record<"quiet" | "noisy" | "heldBack" | "collinear" | "outliers", SyntheticTrouble>
> = {
  quiet: { noise: 0.02, loadSpread: 0.3 },
  noisy: { noise: 0.15, loadSpread: 0.3 },
  // About two readings of five.
  heldBack: { noise: 0.15, loadSpread: 0.3, capShare: 1.5 },
  collinear: { noise: 0.15, loadSpread: 0.03 },
  outliers: { noise: 0.15, loadSpread: 0.3, outliers: 0.05 },
};

/** The median error of each coefficient over so many apps. */
export function medianErrors(
  random: SeededRandom,
  trouble: SyntheticTrouble,
  apps: number,
): ReadonlyMap<string, number> {
  const runs = Array.from({ length: apps }, () => learnSyntheticApp(random, trouble));
  return new Map(
    [...(runs[0]?.keys() ?? [])].map((name) => {
      const sorted = runs.map((errors) => errors.get(name) ?? Infinity).sort((a, b) => a - b);
      return [name, sorted[Math.floor(sorted.length / 2)] ?? Infinity];
    }),
  );
}
