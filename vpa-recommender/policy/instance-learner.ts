// Learns one app's costs from what its instances were seen to use on all nodes:
//   used = base + pods·perPod + connections·perConnection + kiloRps·perKiloRps, for CPU and for memory
// The prior is the app's profile, each coefficient uncertain by as much as it is large: with few samples, or with pods,
// connections and requests that only ever move together, it decides what the data cannot. Noise is taken as a share of
// what is predicted, samples far off count less (Huber), and CPU that was held back is a lower bound and no more.

import type { AppCost } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import { type Belief, RobustFit, type SavedFit } from "./robust-fit.ts";

/** One reading of one app's instance on one node. */
export interface InstanceUsage {
  readonly pods: number;
  readonly connections: number;
  /** Thousands of requests per second over the reading's interval. */
  readonly kiloRps: number;
  readonly used: Resources;
  /** Its CPU was held back, by a quota or by a full node: it would have used at least this much. */
  readonly isThrottled: boolean;
}

export interface LearningOptions {
  /** After this long a sample counts half. */
  readonly halfLifeMs: number;
  /** Readings of a node a minute apart say nearly the same: each counts as this part of an independent one. */
  readonly sampleWeight: number;
}

const DEFAULT_LEARNING: LearningOptions = { halfLifeMs: 3 * 86_400_000, sampleWeight: 0.1 };

/** As it outlives a restart. */
export interface SavedLearner {
  readonly cpu: SavedFit;
  readonly memory: SavedFit;
  readonly load: readonly [number, number, number, number];
  readonly samples: number;
  readonly lastMs: number;
}

type Resource = keyof Resources;

const MIB = 1024 ** 2;

/** Below this a reading is noise. */
const FLOORS: Resources = { cpuMilli: 2, memoryBytes: 2 * MIB };
/** The least uncertainty of a prior, which may say zero, in the coefficients' order. */
const UNCERTAINTIES_MIN: Readonly<Record<Resource, readonly number[]>> = {
  cpuMilli: [5, 2, 0.05, 50],
  memoryBytes: [8 * MIB, 2 * MIB, 16 * 1024, 8 * MIB],
};
const INDICES = [0, 1, 2, 3];
const SOLVE_EVERY = 20;

export class InstanceLearner {
  readonly #options: LearningOptions;
  readonly #cpu = new RobustFit({ size: 4, floor: FLOORS.cpuMilli, solveEvery: SOLVE_EVERY });
  readonly #memory = new RobustFit({ size: 4, floor: FLOORS.memoryBytes, solveEvery: SOLVE_EVERY });
  #prior: AppCost;
  #beliefs: { readonly cpu: Belief; readonly memory: Belief };
  #lastMs: number | undefined;
  #samples = 0;
  /** Σ over readings, forgotten like the rest: of 1, pods, connections and thousands of requests per second. */
  #load: [number, number, number, number] = [0, 0, 0, 0];

  constructor(prior: AppCost, options: LearningOptions = DEFAULT_LEARNING) {
    this.#options = options;
    this.#prior = prior;
    this.#beliefs = beliefsIn(prior);
  }

  get samples(): number {
    return this.#samples;
  }

  /** When its last sample was taken; undefined without any. */
  get lastMs(): number | undefined {
    return this.#lastMs;
  }

  saved(): SavedLearner {
    return {
      cpu: this.#cpu.saved(),
      memory: this.#memory.saved(),
      load: [...this.#load],
      samples: this.#samples,
      lastMs: this.#lastMs ?? 0,
    };
  }

  /** Goes on from what was saved; false if that is none of a learner's, and it is not to be used then. */
  restore({ cpu, memory, load, samples, lastMs }: SavedLearner): boolean {
    if (load.some((sum) => sum < 0) || !(samples >= 0)) return false;
    if (!this.#cpu.restore(cpu) || !this.#memory.restore(memory)) return false;
    this.#load = [...load];
    this.#samples = samples;
    this.#lastMs = lastMs;
    return true;
  }

  /** What is believed where the data say nothing. */
  set prior(prior: AppCost) {
    this.#prior = prior;
    this.#beliefs = beliefsIn(prior);
  }

  add({ pods, connections, kiloRps, used, isThrottled }: InstanceUsage, timeMs: number): void {
    this.#forget(timeMs);
    const row = { indices: INDICES, values: [1, pods, connections, kiloRps] };
    const { sampleWeight: weight } = this.#options;
    for (const index of INDICES)
      this.#load[index] = (this.#load[index] ?? 0) + weight * (row.values[index] ?? 0);
    const { cpu, memory } = this.#beliefs;
    this.#cpu.add({ row, weight, measured: used.cpuMilli, isLowerBound: isThrottled }, cpu);
    this.#memory.add({ row, weight, measured: used.memoryBytes, isLowerBound: false }, memory);
    this.#samples++;
  }

  /** Costs as they are known by now; the planned traffic of a pod becomes the traffic it was seen to have. */
  costs(): AppCost {
    const cpu = this.#cpu.solve(this.#beliefs.cpu);
    const memory = this.#memory.solve(this.#beliefs.memory);
    const of = (index: number): Resources => ({
      cpuMilli: cpu[index] ?? 0,
      memoryBytes: memory[index] ?? 0,
    });
    const [, pods, connections, kiloRps] = this.#load;
    const { connectionsPerPod, kiloRpsPerPod } = this.#prior;
    // The plan counts as one pod's reading, so that the first minutes do not replace it.
    return {
      base: of(0),
      perPod: of(1),
      perConnection: of(2),
      perKiloRps: of(3),
      connectionsPerPod: (connections + connectionsPerPod) / (pods + 1),
      kiloRpsPerPod: (kiloRps + kiloRpsPerPod) / (pods + 1),
    };
  }

  /**
   * From 0, where only the prior speaks, to 1: how much narrower than by the prior the cost of a typical instance is
   * known, by the resource that is known worse.
   */
  confidence(): number {
    const [weight, pods, connections, kiloRps] = this.#load;
    if (weight === 0) return 0;
    const typical = [1, pods / weight, connections / weight, kiloRps / weight];
    const { cpu, memory } = this.#beliefs;
    const rows = [{ indices: INDICES, values: typical }];
    const certainties = [...this.#cpu.certainties(rows, cpu), ...this.#memory.certainties(rows, memory)];
    return Math.min(...certainties.map(({ confidence }) => confidence));
  }

  #forget(timeMs: number): void {
    const elapsedMs = timeMs - (this.#lastMs ?? timeMs);
    if (elapsedMs > 0) {
      const share = 0.5 ** (elapsedMs / this.#options.halfLifeMs);
      this.#cpu.decay(share);
      this.#memory.decay(share);
      for (const index of INDICES) this.#load[index] = (this.#load[index] ?? 0) * share;
    }
    this.#lastMs = Math.max(this.#lastMs ?? timeMs, timeMs);
  }
}

function beliefsIn(cost: AppCost): { readonly cpu: Belief; readonly memory: Belief } {
  return { cpu: beliefIn(cost, "cpuMilli"), memory: beliefIn(cost, "memoryBytes") };
}

/** Each coefficient is uncertain by as much as it is large. */
function beliefIn({ base, perPod, perConnection, perKiloRps }: AppCost, resource: Resource): Belief {
  const values = [base, perPod, perConnection, perKiloRps].map((cost) => cost[resource]);
  const uncertainties = values.map((value, index) =>
    Math.max(value, UNCERTAINTIES_MIN[resource][index] ?? 1),
  );
  return { values, uncertainties };
}
