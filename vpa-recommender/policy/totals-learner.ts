// Learns what a node's pod costs from the node's total alone, with the workloads on the node as regressors:
//   used(n) = base + Σ_w on n [ fixed(w) + pods(w)·perPod(w) ] + pods of other workloads · other
// across all nodes, for CPU and for memory. Workloads that are always together cannot be told apart; the prior shares
// their cost between them, and their sum is right all the same. How far one is told apart is its confidence.

import { noResources, type Resources } from "#model/resources.ts";
import { type Belief, RobustFit, type SavedFit } from "./robust-fit.ts";
import type { SparseRow } from "./ridge-regression.ts";

/** Pods of each workload on a node, by name. */
export type Workloads = ReadonlyMap<string, number>;

export interface TotalsReading {
  readonly workloads: Workloads;
  readonly used: Resources;
  readonly timeMs: number;
  /** CPU was held back at a limit. */
  readonly isThrottled: boolean;
}

/** What one workload costs a node: for being there, and for each of its pods. */
export interface WorkloadCost {
  readonly fixed: Resources;
  readonly perPod: Resources;
}

export interface LearnedWorkload extends WorkloadCost {
  /** From 0, where only what was believed before speaks, to 1; by the resource that is known worse. */
  readonly confidence: number;
  /** Of all nodes, and of all workloads. */
  readonly readings: number;
}

/** What is believed of a workload before it was seen. */
export type WorkloadPrior = (workload: string) => WorkloadCost;

const NOTHING_KNOWN: WorkloadPrior = () => ({ fixed: noResources, perPod: noResources });

/** The square of this is what each reading's sums and each solution cost; workloads beyond it count together. */
const WORKLOADS_MAX = 100;
/** One that was on no node for this long gives its place away. */
const IDLE_MS = 3_600_000;
const HALF_LIFE_MS = 3 * 86_400_000;
const SAMPLE_WEIGHT = 0.1;
/** Readings; predictions for robustness only, see robust-fit.ts. */
const SOLVE_EVERY = 5_000;
/** A solution costs tens of milliseconds, and a minute's readings change it little. */
const SOLVE_EVERY_MS = 60_000;
const MIB = 1024 ** 2;
const FLOORS: Resources = { cpuMilli: 2, memoryBytes: 2 * MIB };
/** How far a workload's fixed cost, and that of each of its pods, may at least be from what is believed. */
const FIXED_UNCERTAINTY: Resources = { cpuMilli: 20, memoryBytes: 20 * MIB };
const POD_UNCERTAINTY: Resources = { cpuMilli: 10, memoryBytes: 10 * MIB };
/** Before the workloads' own pairs: the base, and pods of workloads without a place. */
const COMMON = 2;
const SIZE = COMMON + 2 * WORKLOADS_MAX;

/** How fast a workload's usual number of pods follows. */
const PODS_STEP = 0.05;

/** As it outlives a restart. */
export interface SavedTotals {
  readonly cpu: SavedFit;
  readonly memory: SavedFit;
  /** Name, place and when it was last seen, of each workload. */
  readonly places: readonly (readonly [name: string, place: number, lastMs: number])[];
  readonly readings: number;
  readonly lastMs: number;
}

interface Solved {
  readonly cpu: readonly number[];
  readonly memory: readonly number[];
}

interface Place {
  readonly place: number;
  lastMs: number;
  /** As many as a node with it usually has. */
  pods: number;
}

interface MutableBelief extends Belief {
  readonly values: number[];
  readonly uncertainties: number[];
}

export class TotalsLearner {
  readonly #cpu = new RobustFit({ size: SIZE, floor: FLOORS.cpuMilli, solveEvery: SOLVE_EVERY });
  readonly #memory = new RobustFit({ size: SIZE, floor: FLOORS.memoryBytes, solveEvery: SOLVE_EVERY });
  readonly #beliefs: Readonly<Record<keyof Resources, MutableBelief>>;
  readonly #places = new Map<string, Place>();
  #lastMs: number | undefined;
  #readings = 0;
  #solved: Solved | undefined;
  #solvedMs = -Infinity;
  #confidences: ReadonlyMap<string, number> | undefined;

  /** @param template what a pod requests by its template: the prior of the base. */
  constructor(template: Resources) {
    this.#beliefs = { cpuMilli: belief(template, "cpuMilli"), memoryBytes: belief(template, "memoryBytes") };
  }

  get readings(): number {
    return this.#readings;
  }

  /** @param priorOf asked about workloads that are new. */
  add({ workloads, used, timeMs, isThrottled }: TotalsReading, priorOf = NOTHING_KNOWN): void {
    this.#forget(timeMs);
    const row = this.#row(workloads, timeMs, priorOf);
    const weight = SAMPLE_WEIGHT;
    const { cpuMilli, memoryBytes } = this.#beliefs;
    this.#cpu.add({ row, weight, measured: used.cpuMilli, isLowerBound: isThrottled }, cpuMilli);
    this.#memory.add({ row, weight, measured: used.memoryBytes, isLowerBound: false }, memoryBytes);
    this.#readings++;
    if (timeMs - this.#solvedMs < SOLVE_EVERY_MS) return;
    this.#solvedMs = timeMs;
    this.#solved = this.#solve();
    this.#confidences = undefined;
  }

  /** Workloads that have a place of their own. */
  workloads(): Iterable<string> {
    return this.#places.keys();
  }

  /** What one workload costs; undefined for one without a place of its own. */
  learned(workload: string): LearnedWorkload | undefined {
    const known = this.#places.get(workload);
    if (known === undefined) return undefined;
    const solved = (this.#solved ??= this.#solve());
    const { cpu, memory } = solved;
    const at = (index: number): Resources => ({ cpuMilli: cpu[index] ?? 0, memoryBytes: memory[index] ?? 0 });
    this.#confidences ??= this.#confidenceOfAll(solved);
    const confidence = this.#confidences.get(workload) ?? 0;
    return { fixed: at(known.place), perPod: at(known.place + 1), confidence, readings: this.#readings };
  }

  // Beside what was believed before, what is known is held against what it is about: workloads that share a node's total
  // between them in an unknown way may both be known far better than they were believed, and still to no use.
  #confidenceOfAll({ cpu, memory }: Solved): ReadonlyMap<string, number> {
    const typical = [...this.#places.values()].map(({ place, pods }) => ({
      indices: [place, place + 1],
      values: [1, pods],
    }));
    const known = (fit: RobustFit, belief: Belief, solution: readonly number[]): readonly number[] =>
      fit.certainties(typical, belief).map(({ confidence, deviation }, at) => {
        const { indices = [], values = [] } = typical[at] ?? {};
        const cost = indices.reduce((sum, index, of) => sum + (values[of] ?? 0) * (solution[index] ?? 0), 0);
        return Math.min(confidence, Math.max(0, 1 - deviation / Math.max(cost, Number.MIN_VALUE)));
      });
    const byCpu = known(this.#cpu, this.#beliefs.cpuMilli, cpu);
    const byMemory = known(this.#memory, this.#beliefs.memoryBytes, memory);
    const names = [...this.#places.keys()];
    return new Map(names.map((name, at) => [name, Math.min(byCpu[at] ?? 0, byMemory[at] ?? 0)]));
  }

  saved(): SavedTotals {
    return {
      cpu: this.#cpu.saved(),
      memory: this.#memory.saved(),
      places: [...this.#places].map(([name, { place, lastMs }]) => [name, place, lastMs]),
      readings: this.#readings,
      lastMs: this.#lastMs ?? 0,
    };
  }

  /** Goes on from what was saved; false if that is none of such a learner, and it is not to be used then. */
  restore({ cpu, memory, places, readings, lastMs }: SavedTotals): boolean {
    const taken = new Set(places.map(([, place]) => place));
    const isPlace = (place: number): boolean => place >= COMMON && place < SIZE && place % 2 === COMMON % 2;
    if (taken.size !== places.length || !places.every(([, place]) => isPlace(place))) return false;
    // Places are given out in order; a gap would be given to two.
    if (places.length > 0 && Math.max(...taken) !== COMMON + 2 * (places.length - 1)) return false;
    if (!(readings >= 0) || !this.#cpu.restore(cpu) || !this.#memory.restore(memory)) return false;
    this.#places.clear();
    for (const [name, place, lastSeenMs] of places)
      this.#places.set(name, { place, lastMs: lastSeenMs, pods: 0 });
    this.#readings = readings;
    this.#lastMs = lastMs;
    this.#solved = undefined;
    this.#confidences = undefined;
    return true;
  }

  /** What a node with these workloads is expected to use. */
  predict(workloads: Workloads): Resources {
    const { cpu, memory } = (this.#solved ??= this.#solve());
    return {
      cpuMilli: this.#sum(workloads, cpu),
      memoryBytes: this.#sum(workloads, memory),
    };
  }

  #solve(): Solved {
    const { cpuMilli, memoryBytes } = this.#beliefs;
    return { cpu: this.#cpu.solve(cpuMilli), memory: this.#memory.solve(memoryBytes) };
  }

  #sum(workloads: Workloads, coefficients: readonly number[]): number {
    let sum = coefficients[0] ?? 0;
    for (const [name, pods] of workloads) {
      const place = this.#places.get(name)?.place;
      if (place === undefined) sum += pods * (coefficients[1] ?? 0);
      else sum += (coefficients[place] ?? 0) + pods * (coefficients[place + 1] ?? 0);
    }
    return sum;
  }

  #row(workloads: Workloads, timeMs: number, priorOf: WorkloadPrior): SparseRow {
    const indices = [0];
    const values = [1];
    let others = 0;
    for (const [name, pods] of workloads) {
      const known = this.#placeOf(name, timeMs, priorOf);
      if (known === undefined) others += pods;
      else {
        known.pods = known.pods === 0 ? pods : known.pods + PODS_STEP * (pods - known.pods);
        indices.push(known.place, known.place + 1);
        values.push(1, pods);
      }
    }
    if (others > 0) {
      indices.push(1);
      values.push(others);
    }
    return { indices, values };
  }

  #placeOf(name: string, timeMs: number, priorOf: WorkloadPrior): Place | undefined {
    const known = this.#places.get(name);
    if (known !== undefined) {
      known.lastMs = timeMs;
      return known;
    }
    const place =
      this.#places.size < WORKLOADS_MAX ? COMMON + 2 * this.#places.size : this.#idlePlace(timeMs);
    if (place === undefined) return undefined;
    this.#believe(place, priorOf(name));
    const taken = { place, lastMs: timeMs, pods: 0 };
    this.#places.set(name, taken);
    return taken;
  }

  #believe(place: number, { fixed, perPod }: WorkloadCost): void {
    for (const resource of ["cpuMilli", "memoryBytes"] as const) {
      const { values, uncertainties } = this.#beliefs[resource];
      values[place] = fixed[resource];
      values[place + 1] = perPod[resource];
      uncertainties[place] = Math.max(fixed[resource], FIXED_UNCERTAINTY[resource]);
      uncertainties[place + 1] = Math.max(perPod[resource], POD_UNCERTAINTY[resource]);
    }
    for (const index of [place, place + 1]) {
      this.#cpu.clear(index, this.#beliefs.cpuMilli);
      this.#memory.clear(index, this.#beliefs.memoryBytes);
    }
    this.#solved = undefined;
    this.#confidences = undefined;
  }

  #idlePlace(timeMs: number): number | undefined {
    for (const [name, { place, lastMs }] of this.#places) {
      if (timeMs - lastMs < IDLE_MS) continue;
      this.#places.delete(name);
      return place;
    }
    return undefined;
  }

  // Once a minute and not for every reading: all sums are multiplied.
  #forget(timeMs: number): void {
    const elapsedMs = timeMs - (this.#lastMs ?? timeMs);
    this.#lastMs ??= timeMs;
    if (elapsedMs < FORGET_EVERY_MS) return;
    const share = 0.5 ** (elapsedMs / HALF_LIFE_MS);
    this.#cpu.decay(share);
    this.#memory.decay(share);
    this.#lastMs = timeMs;
  }
}

const FORGET_EVERY_MS = 60_000;

function belief(template: Resources, resource: keyof Resources): MutableBelief {
  const values = Array.from({ length: SIZE }, (_, index) => (index === 0 ? template[resource] : 0));
  const uncertainties = values.map((value, index) => {
    if (index === 0) return Math.max(value, FLOORS[resource]);
    const isFixed = index >= COMMON && index % 2 === COMMON % 2;
    return isFixed ? FIXED_UNCERTAINTY[resource] : POD_UNCERTAINTY[resource];
  });
  return { values, uncertainties };
}
