// Arrivals and departures in the order in which they happen.

import type { TracePod, TracePods } from "./trace.ts";

export interface TraceEvent {
  readonly kind: "arrival" | "departure";
  readonly atSeconds: number;
  readonly pod: TracePod;
  /** Of the pod in its trace. */
  readonly index: number;
}

/**
 * Each pod's arrival and, if it leaves, its departure, by time. In one second departures come before arrivals, so that
 * what is freed can be used; a pod that leaves in the second it comes does so right after its arrival. Otherwise pods
 * of one second keep the order of `pods`.
 */
export function* traceEvents(pods: TracePods): Generator<TraceEvent, void, void> {
  const { arrivals, departures } = orderOf(pods);
  let departed = 0;
  for (const index of arrivals) {
    const { createSeconds: atSeconds, deleteSeconds } = podAt(pods, index);
    for (; departed < departures.length; departed++) {
      const next = departureAt(pods, departures[departed] as number);
      if (next.atSeconds > atSeconds) break;
      yield next;
    }
    yield new PodEvent("arrival", atSeconds, { pods, index });
    if (deleteSeconds === atSeconds) yield new PodEvent("departure", atSeconds, { pods, index });
  }
  for (const index of departures.subarray(departed)) yield departureAt(pods, index);
}

function departureAt(pods: TracePods, index: number): TraceEvent {
  const atSeconds = podAt(pods, index).deleteSeconds ?? Infinity;
  return new PodEvent("departure", atSeconds, { pods, index });
}

/** The pod itself is only made where somebody asks for it. */
class PodEvent implements TraceEvent {
  readonly kind: TraceEvent["kind"];
  readonly atSeconds: number;
  readonly index: number;
  readonly #pods: TracePods;

  constructor(
    kind: TraceEvent["kind"],
    atSeconds: number,
    { pods, index }: { readonly pods: TracePods; readonly index: number },
  ) {
    this.kind = kind;
    this.atSeconds = atSeconds;
    this.index = index;
    this.#pods = pods;
  }

  get pod(): TracePod {
    return podAt(this.#pods, this.index);
  }
}

interface Order {
  /** Pods by their numbers. */
  readonly arrivals: Uint32Array;
  /** Without those that leave in the second they come. */
  readonly departures: Uint32Array;
}

function orderOf(pods: TracePods): Order {
  const creates = new Float64Array(pods.length);
  const deletes = new Float64Array(pods.length);
  const leaving = new Uint32Array(pods.length);
  let leave = 0;
  for (let index = 0; index < pods.length; index++) {
    const { createSeconds, deleteSeconds } = podAt(pods, index);
    creates[index] = createSeconds;
    deletes[index] = deleteSeconds ?? Infinity;
    if (deleteSeconds !== undefined && deleteSeconds !== createSeconds) leaving[leave++] = index;
  }
  return {
    arrivals: byTime(
      Uint32Array.from(creates, (_, number) => number),
      creates,
    ),
    departures: byTime(leaving.subarray(0, leave), deletes),
  };
}

/** Times and numbers of pods within these fit into one exact number together. */
const SECONDS_MAX = 2 ** 30;
const PODS_MAX = 2 ** 23;

/** Sorted; those of one time keep their order. */
function byTime(indexes: Uint32Array, seconds: Float64Array): Uint32Array {
  let isWhole = seconds.length <= PODS_MAX;
  const keys = new Float64Array(indexes.length);
  for (const [place, index] of indexes.entries()) {
    const time = seconds[index] as number;
    isWhole &&= Number.isInteger(time) && time >= 0 && time < SECONDS_MAX;
    keys[place] = time * PODS_MAX + index;
  }
  if (!isWhole) return indexes.sort((a, b) => (seconds[a] as number) - (seconds[b] as number) || a - b);
  // Numbers without a comparing function are sorted many times as fast.
  return Uint32Array.from(keys.sort(), (key) => key % PODS_MAX);
}

function podAt(pods: TracePods, index: number): TracePod {
  return pods.at(index) as TracePod;
}
