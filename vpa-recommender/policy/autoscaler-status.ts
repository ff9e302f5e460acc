// What an autoscaler's status says of its pods.

import { addResources, isWithin, noResources, type Resources } from "#model/resources.ts";

export interface SizedPod {
  readonly current: Resources;
  readonly required: Resources;
  readonly target: Resources;
  readonly plan: string;
  readonly isPending: boolean;
}

export interface AutoscalerTotals {
  readonly pods: number;
  readonly atTarget: number;
  readonly short: number;
  readonly pending: number;
  readonly current: Resources;
  readonly required: Resources;
  readonly target: Resources;
}

export function autoscalerTotals(pods: Iterable<SizedPod>): AutoscalerTotals {
  let [count, atTarget, short, pending] = [0, 0, 0, 0];
  let [current, required, target] = [noResources, noResources, noResources];
  for (const pod of pods) {
    count++;
    if (pod.plan === "rightSize") atTarget++;
    if (!isWithin(pod.required, pod.current)) short++;
    if (pod.isPending) pending++;
    current = addResources(current, pod.current);
    required = addResources(required, pod.required);
    target = addResources(target, pod.target);
  }
  return { pods: count, atTarget, short, pending, current, required, target };
}
