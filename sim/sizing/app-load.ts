// How the load of one app swings around its plan, minute by minute: the level of its day, noise, and bursts.

import type { SeededRandom } from "../seeded-random.ts";

/** How the level of an app's days differs from day to day. */
const DAY_LEVEL_DEVIATION = 0.12;
/** Noise of an app's rate from minute to minute: on all its nodes, and on each. */
const APP_NOISE: Noise = { deviation: 0.05, memory: 0.8 };
export const NODE_NOISE: Noise = { deviation: 0.08, memory: 0.5 };
export const DAY_MINUTES = 1440;
/** A heap that has grown gives half of the surplus back in so many minutes. */
const HEAP_HALF_LIFE_MINUTES = 45;
const HEAP_GIVEN_BACK = 1 - 0.5 ** (1 / HEAP_HALF_LIFE_MINUTES);

export interface Bursts {
  readonly perDay: number;
  /** How much higher a burst may be than the load without it; it is at least 1.3 times as high, or that factor. */
  readonly factorMax: number;
}

/** Bursts of an app on all its nodes, of one to ten minutes: an assumption. */
export const DEFAULT_BURSTS: Bursts = { perDay: 0.5, factorMax: 2.5 };
const BURST_FACTOR_MIN = 1.3;
const BURST_MINUTES_MAX = 10;

export class AppLoad {
  readonly #bursts: Bursts;
  #noise = 0;
  #dayLevel = 1;
  #burst = 1;
  #burstLeft = 0;

  constructor(bursts: Bursts = DEFAULT_BURSTS) {
    this.#bursts = bursts;
  }

  /** The day's level with bursts; 1 is the plan. */
  get level(): number {
    return this.#dayLevel * this.#burst;
  }

  /** To be added to the logarithm of the load. */
  get noise(): number {
    return this.#noise;
  }

  /** To be called for every minute. */
  move(minute: number, random: SeededRandom): void {
    const { perDay, factorMax } = this.#bursts;
    this.#noise = nextNoise(this.#noise, APP_NOISE, random);
    if (minute % DAY_MINUTES === 0) this.#dayLevel = Math.exp(DAY_LEVEL_DEVIATION * random.normal());
    if (this.#burstLeft > 0) {
      if (--this.#burstLeft === 0) this.#burst = 1;
    } else if (random.next() < perDay / DAY_MINUTES) {
      this.#burstLeft = 1 + random.integer(BURST_MINUTES_MAX);
      this.#burst = random.between(Math.min(BURST_FACTOR_MIN, factorMax), factorMax);
    }
  }
}

export function nextNoise(noise: number, { deviation, memory }: Noise, random: SeededRandom): number {
  return memory * noise + Math.sqrt(1 - memory ** 2) * deviation * random.normal();
}

interface Noise {
  readonly deviation: number;
  /** How much of a minute's noise is there in the next. */
  readonly memory: number;
}

/** A heap a minute later: it grows at once and gives back slowly. */
export function nextHeapBytes(heapBytes: number, wantedBytes: number): number {
  return Math.max(wantedBytes, heapBytes + (wantedBytes - heapBytes) * HEAP_GIVEN_BACK);
}

/**
 * Between the points of a curve of one day.
 *
 * @param day the time in days; only its fraction counts, since days repeat.
 */
export function curveAt(curve: readonly number[], day: number): number {
  const at = (day - Math.floor(day)) * curve.length;
  const [low, high] = [curve[Math.floor(at) % curve.length] ?? 1, curve[Math.ceil(at) % curve.length] ?? 1];
  return low + (high - low) * (at - Math.floor(at));
}
