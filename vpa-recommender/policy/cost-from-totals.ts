// An app's costs where proxies do not tell their instances apart, and only what each node's proxy uses in all is known
// (totals-learner.ts): the base, and what a pod costs with its usual traffic. How that is made up of connections and
// requests cannot be seen from there, so the parts keep the proportions that the profile gives them.

import type { AppName } from "#model/brand.ts";
import { unitCost } from "#model/mesh-cost.ts";
import type { AppCost } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import type { WorkloadCost, WorkloadPrior } from "./totals-learner.ts";

/** What is believed of an app whose profile gives these costs. */
export function totalsPrior(costOf: (app: AppName) => AppCost): WorkloadPrior {
  return (app) => {
    const { base, perPod } = unitCost(costOf(app as AppName));
    return { fixed: base, perPod };
  };
}

export function costFromTotals(profile: AppCost, { fixed, perPod }: WorkloadCost): AppCost {
  const planned = unitCost(profile).perPod;
  const part = (of: Resources): Resources => ({
    cpuMilli: scaled(of.cpuMilli, perPod.cpuMilli, planned.cpuMilli),
    memoryBytes: scaled(of.memoryBytes, perPod.memoryBytes, planned.memoryBytes),
  });
  const { perConnection, perKiloRps, connectionsPerPod, kiloRpsPerPod } = profile;
  const own = part(profile.perPod);
  return {
    base: fixed,
    perPod: {
      // A profile that plans nothing for a pod has no proportions.
      cpuMilli: planned.cpuMilli > 0 ? own.cpuMilli : perPod.cpuMilli,
      memoryBytes: planned.memoryBytes > 0 ? own.memoryBytes : perPod.memoryBytes,
    },
    perConnection: part(perConnection),
    perKiloRps: part(perKiloRps),
    connectionsPerPod,
    kiloRpsPerPod,
  };
}

function scaled(part: number, learned: number, planned: number): number {
  return planned > 0 ? (part * learned) / planned : 0;
}
