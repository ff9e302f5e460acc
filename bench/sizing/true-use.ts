// What every node's proxy would use in every minute if it had all it wants. Made of the curves that were measured on the real
// proxy, of load series, and of chance; no policy may look into this file's figures but through what a proxy shows.
//   rate of an app on a node = pods · pod's rate · curve of the day · the day's level · the minute's noise · bursts
//   use of the proxy         = what it uses empty + Σ over apps of the measured response, dearer or cheaper per app
// A heap grows at once and gives back slowly. In the misspecified variant, moreover: use grows faster than the sum when much
// goes on at once; apps change their costs for good with a release; what runs beside the apps comes and goes; and heaps
// leak until their worker is replaced.

import { SeededRandom } from "#sim/seeded-random.ts";
import type { LoadShapes } from "./load-shapes.ts";
import type { ProxyResponse } from "./proxy-response.ts";
import type { SizedApp, SizedFleet } from "./sized-fleet.ts";

export type Variant = "measured" | "misspecified";

/** What an instance shows of itself in a minute; before any limit of the proxy's. */
export interface InstanceMinute {
  readonly app: number;
  readonly pods: number;
  readonly perSecond: number;
  readonly connections: number;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

export interface TrueUseOptions {
  readonly fleet: SizedFleet;
  readonly shapes: LoadShapes;
  readonly response: ProxyResponse;
  readonly variant: Variant;
  readonly seed: number;
}

const DAY_MINUTES = 1440;
/** How the level of an app's days differs from day to day. */
const DAY_LEVEL_DEVIATION = 0.12;
/** Noise of an app's rate from minute to minute: on all its nodes, and on each. */
const APP_NOISE = { deviation: 0.05, memory: 0.8 };
const NODE_NOISE = { deviation: 0.08, memory: 0.5 };
/** Bursts of an app on all its nodes, of one to ten minutes. */
const BURSTS_PER_DAY = 0.5;
const BURST_FACTOR_MAX = 2.5;
/** Of the CPU of one minute, left over of the spread that 200 ms samples have. */
const MINUTE_SPREAD = 0.03;
/** A heap that has grown gives half of the surplus back in so many minutes. */
const HEAP_HALF_LIFE_MINUTES = 45;

export class TrueUseMaker {
  readonly #options: TrueUseOptions;
  readonly #random: SeededRandom;
  readonly #appNoise: Float64Array;
  readonly #appLevel: Float64Array;
  readonly #appBurst: Float64Array;
  readonly #appRelease: Float64Array;
  readonly #burstLeft: Int32Array;
  /** By node, then by app. */
  readonly #instances: Map<number, InstanceState>[];
  readonly #background: Float64Array;
  #next = 0;

  constructor(options: TrueUseOptions) {
    const { fleet, seed } = options;
    this.#options = options;
    this.#random = new SeededRandom(seed);
    const perApp = (): Float64Array => new Float64Array(fleet.apps.length).fill(1);
    this.#appNoise = new Float64Array(fleet.apps.length);
    this.#appLevel = perApp();
    this.#appBurst = perApp();
    this.#appRelease = perApp();
    this.#burstLeft = new Int32Array(fleet.apps.length);
    this.#instances = Array.from({ length: fleet.nodes }, () => new Map());
    this.#background = new Float64Array(fleet.nodes);
  }

  /** Plays one minute: call in order, once each. `see` is told of every node. */
  minute(minute: number, see: (node: number, use: NodeMinute) => void): void {
    const { fleet, variant } = this.#options;
    this.#movePods(minute);
    this.#moveApps(minute);
    for (let node = 0; node < fleet.nodes; node++) {
      const instances: InstanceMinute[] = [];
      for (const [app, state] of this.#instances[node] ?? []) instances.push(this.#useOf(app, state, minute));
      const { base } = this.#options.response;
      let cpuMilli = instances.reduce((sum, one) => sum + one.cpuMilli, base.cpuMilli);
      const memoryBytes = instances.reduce((sum, one) => sum + one.memoryBytes, base.memoryBytes);
      if (variant === "misspecified") cpuMilli = this.#crowded(cpuMilli) + this.#beside(node);
      cpuMilli *= Math.exp(MINUTE_SPREAD * this.#random.normal());
      see(node, { cpuMilli, memoryBytes, instances });
    }
  }

  #movePods(minute: number): void {
    const { changes } = this.#options.fleet;
    for (; this.#next < changes.length; this.#next++) {
      const change = changes[this.#next];
      if (change === undefined || change.minute > minute) return;
      const instances = this.#instances[change.node];
      if (change.pods === 0) instances?.delete(change.app);
      else {
        const state = instances?.get(change.app);
        if (state === undefined)
          instances?.set(change.app, { pods: change.pods, noise: 0, heapBytes: 0, sinceMinute: minute });
        else state.pods = change.pods;
      }
    }
  }

  #moveApps(minute: number): void {
    const random = this.#random;
    const isMidnight = minute % DAY_MINUTES === 0;
    for (let app = 0; app < this.#appNoise.length; app++) {
      this.#appNoise[app] = nextNoise(this.#appNoise[app] ?? 0, APP_NOISE, random);
      if (isMidnight) this.#appLevel[app] = Math.exp(DAY_LEVEL_DEVIATION * random.normal());
      if ((this.#burstLeft[app] ?? 0) > 0) {
        this.#burstLeft[app] = (this.#burstLeft[app] ?? 0) - 1;
        if (this.#burstLeft[app] === 0) this.#appBurst[app] = 1;
      } else if (random.next() < BURSTS_PER_DAY / DAY_MINUTES) {
        this.#burstLeft[app] = 1 + random.integer(10);
        this.#appBurst[app] = random.between(1.3, BURST_FACTOR_MAX);
      }
      if (this.#options.variant === "misspecified" && random.next() < RELEASES_PER_DAY / DAY_MINUTES)
        this.#appRelease[app] = Math.exp(random.between(-RELEASE_LOG_MAX, RELEASE_LOG_MAX));
    }
  }

  #useOf(app: number, state: InstanceState, minute: number): InstanceMinute {
    const { fleet, shapes, response, variant } = this.#options;
    const own = fleet.apps[app] as SizedApp;
    const random = this.#random;
    state.noise = nextNoise(state.noise, NODE_NOISE, random);
    const level = (this.#appLevel[app] ?? 1) * (this.#appBurst[app] ?? 1);
    const perSecond =
      state.pods *
      own.podRate *
      shapeAt(shapes.requests, own.requestShape, minute / DAY_MINUTES + own.phase) *
      level *
      Math.exp((this.#appNoise[app] ?? 0) + state.noise);
    const connections = Math.max(
      1,
      state.pods * own.connectionsPerPod * shapeAt(shapes.clients, own.clientShape, minute / DAY_MINUTES),
    );
    const use = response.of({ perSecond, connections, bodyBytes: own.bodyBytes });
    const dearness = own.dearness * (this.#appRelease[app] ?? 1);
    const wanted = use.memoryBytes * (variant === "misspecified" ? leaked(minute - state.sinceMinute) : 1);
    state.heapBytes = Math.max(wanted, state.heapBytes + (wanted - state.heapBytes) * HEAP_GIVEN_BACK);
    // Garbage is collected at any time: the peak of a minute is anywhere between the middle and the highest seen.
    const memoryBytes = state.heapBytes + use.garbageBytes * random.next();
    return { app, pods: state.pods, perSecond, connections, cpuMilli: use.cpuMilli * dearness, memoryBytes };
  }

  #crowded(cpuMilli: number): number {
    return cpuMilli * (1 + CROWDING * (cpuMilli / CROWDED_MILLI));
  }

  #beside(node: number): number {
    const random = this.#random;
    const present = this.#background[node] ?? 0;
    if (random.next() < (present > 0 ? 1 / BACKGROUND_MINUTES : BACKGROUND_PER_DAY / DAY_MINUTES))
      this.#background[node] = present > 0 ? 0 : random.between(50, 300);
    return this.#background[node] ?? 0;
  }
}

export interface NodeMinute {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly instances: readonly InstanceMinute[];
}

interface InstanceState {
  pods: number;
  noise: number;
  heapBytes: number;
  readonly sinceMinute: number;
}

const HEAP_GIVEN_BACK = 1 - 0.5 ** (1 / HEAP_HALF_LIFE_MINUTES);
/** Of the misspecified variant. */
const CROWDING = 0.2;
const CROWDED_MILLI = 2_000;
const RELEASES_PER_DAY = 0.1;
const RELEASE_LOG_MAX = Math.log(2);
const BACKGROUND_PER_DAY = 0.5;
const BACKGROUND_MINUTES = 180;
const LEAK_PER_DAY = 0.15;
const WORKER_LIFE_MINUTES = 2 * DAY_MINUTES;

function leaked(ageMinutes: number): number {
  return 1 + (LEAK_PER_DAY * (ageMinutes % WORKER_LIFE_MINUTES)) / DAY_MINUTES;
}

function nextNoise(noise: number, { deviation, memory }: Noise, random: SeededRandom): number {
  return memory * noise + Math.sqrt(1 - memory ** 2) * deviation * random.normal();
}

interface Noise {
  readonly deviation: number;
  /** How much of a minute's noise is there in the next. */
  readonly memory: number;
}

// Days repeat; what varies between them is said above.
function shapeAt(shapes: readonly (readonly number[])[], choice: number, day: number): number {
  const shape = shapes[choice % shapes.length] ?? [1];
  const at = (day - Math.floor(day)) * shape.length;
  const [low, high] = [shape[Math.floor(at) % shape.length] ?? 1, shape[Math.ceil(at) % shape.length] ?? 1];
  return low + (high - low) * (at - Math.floor(at));
}
