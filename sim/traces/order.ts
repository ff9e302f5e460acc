// Three orders in which the pods of a static trace may arrive. How much a placement can share depends on the order, so
// that results are given for grouped and for shuffled arrivals.

import { SeededRandom, shuffled } from "../seeded-random.ts";
import type { TracePod, TracePods } from "./trace.ts";

export const TRACE_ORDERS = ["file", "grouped", "shuffled"] as const;
/** file: as read; grouped: app by app, apps by their first pod; shuffled: uniformly at random. */
export type TraceOrder = (typeof TRACE_ORDERS)[number];

export interface OrderOptions {
  readonly order: TraceOrder;
  /** Of the shuffle; other orders do not use it. */
  readonly seed: number;
}

/** A reordered copy. Where pods have times, the times prevail and the order counts among pods of one second only. */
export function orderPods(pods: TracePods, { order, seed }: OrderOptions): TracePod[] {
  switch (order) {
    case "file":
      return [...pods];
    case "grouped":
      return [...Map.groupBy(pods, (pod) => pod.app).values()].flat();
    case "shuffled":
      return shuffled([...pods], new SeededRandom(seed));
  }
}
