// The same cluster planned again with each cost of a bare instance that reports put side by side.

import { INSTANCE_BASES } from "../instance-bases.ts";
import { type Plan, planFor, type PlanOptions } from "./plan.ts";
import type { PlannedCluster } from "./planned-cluster.ts";

export interface PlannedBase {
  readonly name: string;
  readonly instanceBaseBytes: number;
  readonly plan: Plan;
}

/** Without compaction, which would take as long as everything else. */
export function plansWithOtherBases(cluster: PlannedCluster, options: PlanOptions): readonly PlannedBase[] {
  return INSTANCE_BASES.map(({ name, memoryBytes }, index) => {
    options.onPart?.(`with an instance of ${name}`, { done: index, of: INSTANCE_BASES.length });
    const profiles = cluster.profiles.map((profile) => ({
      ...profile,
      cost: { ...profile.cost, base: { ...profile.cost.base, memoryBytes } },
    }));
    const { onPart: _quiet, ...quietly } = options;
    return {
      name,
      instanceBaseBytes: memoryBytes,
      plan: planFor({ ...cluster, profiles }, { ...quietly, rounds: 0 }),
    };
  });
}
