// What every node's proxy would use in every minute if it had all it wants. Made of the curves that were measured on the real
// proxy, of load series, and of chance; no policy may look into this file's figures but through what a proxy shows.
//   rate of an app on a node = pods · pod's rate · curve of the day · the day's level · the minute's noise · bursts
//   use of the proxy         = what it uses empty + Σ over apps of the measured response, dearer or cheaper per app
// A heap grows at once and gives back slowly. In the misspecified variant, moreover: use grows faster than the sum when much
// goes on at once; apps change their costs for good with a release; what runs beside the apps comes and goes; and heaps
// leak until their worker is replaced.

import { SeededRandom } from "#sim/seeded-random.ts";
import { AppLoad, curveAt, DAY_MINUTES, nextHeapBytes, nextNoise, NODE_NOISE } from "#sim/sizing/app-load.ts";
import type { InstanceMinute, NodeMinute } from "#sim/sizing/node-minute.ts";
import type { LoadShapes } from "./load-shapes.ts";
import type { ProxyResponse } from "./proxy-response.ts";
import type { SizedApp, SizedFleet } from "./sized-fleet.ts";

export type Variant = "measured" | "misspecified";

export interface TrueUseOptions {
  readonly fleet: SizedFleet;
  readonly shapes: LoadShapes;
  readonly response: ProxyResponse;
  readonly variant: Variant;
  readonly seed: number;
}

/** Of the CPU of one minute, left over of the spread that 200 ms samples have. */
const MINUTE_SPREAD = 0.03;

export class TrueUseMaker {
  readonly #options: TrueUseOptions;
  readonly #random: SeededRandom;
  readonly #loads: readonly AppLoad[];
  readonly #appRelease: Float64Array;
  /** By node, then by app. */
  readonly #instances: Map<number, InstanceState>[];
  readonly #background: Float64Array;
  #next = 0;

  constructor(options: TrueUseOptions) {
    const { fleet, seed } = options;
    this.#options = options;
    this.#random = new SeededRandom(seed);
    this.#loads = fleet.apps.map(() => new AppLoad());
    this.#appRelease = new Float64Array(fleet.apps.length).fill(1);
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
    for (const [app, load] of this.#loads.entries()) {
      load.move(minute, random);
      if (this.#options.variant === "misspecified" && random.next() < RELEASES_PER_DAY / DAY_MINUTES)
        this.#appRelease[app] = Math.exp(random.between(-RELEASE_LOG_MAX, RELEASE_LOG_MAX));
    }
  }

  #useOf(app: number, state: InstanceState, minute: number): InstanceMinute {
    const { fleet, shapes, response, variant } = this.#options;
    const own = fleet.apps[app] as SizedApp;
    const random = this.#random;
    state.noise = nextNoise(state.noise, NODE_NOISE, random);
    const load = this.#loads[app] as AppLoad;
    const perSecond =
      state.pods *
      own.podRate *
      shapeAt(shapes.requests, own.requestShape, minute / DAY_MINUTES + own.phase) *
      load.level *
      Math.exp(load.noise + state.noise);
    const connections = Math.max(
      1,
      state.pods * own.connectionsPerPod * shapeAt(shapes.clients, own.clientShape, minute / DAY_MINUTES),
    );
    const use = response.of({ perSecond, connections, bodyBytes: own.bodyBytes });
    const dearness = own.dearness * (this.#appRelease[app] ?? 1);
    const wanted = use.memoryBytes * (variant === "misspecified" ? leaked(minute - state.sinceMinute) : 1);
    state.heapBytes = nextHeapBytes(state.heapBytes, wanted);
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

interface InstanceState {
  pods: number;
  noise: number;
  heapBytes: number;
  readonly sinceMinute: number;
}

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

function shapeAt(shapes: readonly (readonly number[])[], choice: number, day: number): number {
  return curveAt(shapes[choice % shapes.length] ?? [1], day);
}
