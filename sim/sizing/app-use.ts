// What an app's instances really use under a load that swings: the costs of its profile, which are somewhat wrong, times the
// app's curve of the day, the day's level, noise and bursts. Each app draws from a sequence of its own, so that what one
// app does depends neither on the others nor on where its pods are.

import { assert } from "#model/assert.ts";
import type { AppCost } from "#model/mesh-profile.ts";
import { textHash } from "#model/text-hash.ts";
import { SeededRandom } from "../seeded-random.ts";
import {
  AppLoad,
  type Bursts,
  curveAt,
  DAY_MINUTES,
  nextHeapBytes,
  nextNoise,
  NODE_NOISE,
} from "./app-load.ts";
import type { ProfileCosts } from "./berth-policy.ts";
import { type DailyCurve, seededCurves } from "./daily-curves.ts";
import type { InstanceMinute } from "./node-minute.ts";

export interface AppUseOptions {
  readonly seed: number;
  /** What profiles say. */
  readonly costs: ProfileCosts;
  /** Measured curves by app; an app without one gets a seeded curve. */
  readonly curves: ReadonlyMap<string, DailyCurve>;
  readonly bursts: Bursts;
  /** How far true costs are from the profiles', as the deviation of their logarithm. */
  readonly profileDeviation: number;
}

interface AppTraits {
  readonly number: number;
  readonly cost: AppCost;
  readonly curve: DailyCurve;
  /** Where its day begins, as a share of a day. */
  readonly phase: number;
  readonly cpuDearness: number;
  readonly memoryDearness: number;
  readonly random: SeededRandom;
  /** Of its instances' noise: how many there are changes nothing of the app's load. */
  readonly noiseRandom: SeededRandom;
  readonly load: AppLoad;
  /** The last minute that it moved in. */
  minute: number;
}

/** What an instance remembers from minute to minute. */
export interface InstanceMemory {
  noise: number;
  heapBytes: number;
}

/** An app that had no pod for so long starts its load anew: nobody sees the difference. */
const CATCH_UP_MINUTES = 60;

export class AppUse {
  /** By the number that instances name their app by. */
  readonly appNames: string[] = [];
  readonly #options: AppUseOptions;
  readonly #seeded: readonly DailyCurve[];
  readonly #apps = new Map<string, AppTraits>();

  constructor(options: AppUseOptions) {
    this.#options = options;
    this.#seeded = seededCurves(new SeededRandom(options.seed));
  }

  /** To be asked about minutes in order. */
  instance(app: string, pods: number, { minute, memory }: AskedMinute): InstanceMinute {
    const traits = this.#traitsOf(app);
    moveTo(traits, minute);
    const { cost, load, noiseRandom } = traits;
    memory.noise = nextNoise(memory.noise, NODE_NOISE, noiseRandom);
    const curve = curveAt(traits.curve, minute / DAY_MINUTES + traits.phase);
    const kiloRps = pods * cost.kiloRpsPerPod * curve * load.level * Math.exp(load.noise + memory.noise);
    const connections = pods * cost.connectionsPerPod * curve * load.level;
    const of = (resource: "cpuMilli" | "memoryBytes"): number =>
      cost.base[resource] +
      pods * cost.perPod[resource] +
      connections * cost.perConnection[resource] +
      kiloRps * cost.perKiloRps[resource];
    memory.heapBytes = nextHeapBytes(memory.heapBytes, of("memoryBytes") * traits.memoryDearness);
    return {
      app: traits.number,
      pods,
      perSecond: kiloRps * 1000,
      connections,
      cpuMilli: of("cpuMilli") * traits.cpuDearness,
      memoryBytes: memory.heapBytes,
    };
  }

  #traitsOf(app: string): AppTraits {
    let traits = this.#apps.get(app);
    if (traits === undefined) {
      traits = this.#newTraits(app);
      this.#apps.set(app, traits);
      this.appNames.push(app);
    }
    return traits;
  }

  #newTraits(app: string): AppTraits {
    const { seed, costs, curves, bursts, profileDeviation } = this.#options;
    const random = new SeededRandom(seed + textHash(app));
    const cost = costs.get(app);
    assert(cost !== undefined, "every app of a run has a profile");
    const curve = curves.get(app);
    return {
      number: this.appNames.length,
      cost,
      // Measured days are at their own time of day.
      curve: curve ?? this.#seeded[random.integer(this.#seeded.length)] ?? [1],
      phase: curve === undefined ? random.next() : 0,
      cpuDearness: Math.exp(profileDeviation * random.normal()),
      memoryDearness: Math.exp(profileDeviation * random.normal()),
      random,
      noiseRandom: new SeededRandom(Math.floor(random.next() * 2 ** 32)),
      load: new AppLoad(bursts),
      minute: -1,
    };
  }
}

interface AskedMinute {
  readonly minute: number;
  readonly memory: InstanceMemory;
}

function moveTo(traits: AppTraits, minute: number): void {
  const { load, random } = traits;
  for (let next = Math.max(traits.minute + 1, minute - CATCH_UP_MINUTES); next <= minute; next++)
    load.move(next, random);
  traits.minute = minute;
}
