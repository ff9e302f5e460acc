// Which pods give way first, as kube-scheduler's default preemption has it: the lower priority, then the later start.

import type { PodView } from "#model/cluster-view.ts";

/** Negative if `a` gives way before `b`; pods alike in priority and start are told apart by uid, so that it is an order. */
export function compareImportance(a: PodView, b: PodView): number {
  return priorityOf(a) - priorityOf(b) || compare(startOf(b), startOf(a)) || compare(b.uid, a.uid);
}

export function priorityOf({ priority = 0 }: Pick<PodView, "priority">): number {
  return priority;
}

// A pod that has not started is the youngest.
function startOf({ startedAtMs = Infinity }: PodView): number {
  return startedAtMs;
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
