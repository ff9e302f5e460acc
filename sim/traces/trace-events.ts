// Arrivals and departures in the order in which they happen.

import type { TracePod } from "./trace.ts";

export interface TraceEvent {
  readonly kind: "arrival" | "departure";
  readonly atSeconds: number;
  readonly pod: TracePod;
}

/**
 * Each pod's arrival and, if it leaves, its departure, by time. In one second departures come before arrivals, so that
 * what is freed can be used; a pod that leaves in the second it comes does so right after its arrival. Otherwise pods
 * of one second keep the order of `pods`.
 */
export function* traceEvents(pods: readonly TracePod[]): Generator<TraceEvent, void, void> {
  const arrivals = sortedByTime(pods, (pod) => pod.createSeconds);
  const leaving = pods.filter((pod) => pod.deleteSeconds !== undefined && !isMomentary(pod));
  const departures = sortedByTime(leaving, leavesAt);
  let departed = 0;
  for (const pod of arrivals) {
    const atSeconds = pod.createSeconds;
    for (let next = departures[departed]; next !== undefined && leavesAt(next) <= atSeconds;) {
      yield { kind: "departure", atSeconds: leavesAt(next), pod: next };
      next = departures[++departed];
    }
    yield { kind: "arrival", atSeconds, pod };
    if (isMomentary(pod)) yield { kind: "departure", atSeconds, pod };
  }
  for (const pod of departures.slice(departed)) {
    yield { kind: "departure", atSeconds: leavesAt(pod), pod };
  }
}

function isMomentary(pod: TracePod): boolean {
  return pod.deleteSeconds === pod.createSeconds;
}

function leavesAt(pod: TracePod): number {
  return pod.deleteSeconds ?? Number.POSITIVE_INFINITY;
}

/** A sorted copy; sorting is stable. */
function sortedByTime(pods: readonly TracePod[], seconds: (pod: TracePod) => number): readonly TracePod[] {
  return [...pods].sort((a, b) => seconds(a) - seconds(b));
}
