// B, and what it is a difference of. For the mesh pods S of a node n (resource by resource):
//   required(n, S) = proxyBase + ⌈correction(n) · Σ_app in S [ base(app) + pods · podCost(app) ]⌉
//   podCost(app)   = ⌈perPod + connectionsPerPod · perConnection + kiloRpsPerPod · perKiloRps⌉
//   meshCost(n, p) = required(n, S ∪ {p}) − required(n, S)
// Costs are the profile's until the recommender has learned them (chargedCost).
// An app's base counts once per node, so B is small where the app already runs. Podcosts are whole units, so that
// sums can be kept up to date without drift.

import type { Correction } from "./correction.ts";
import type { AppCost, MeshProfile } from "./mesh-profile.ts";
import type { Resources } from "./resources.ts";

/** Learned costs are charged once they are known at least twice as well as by the profile alone. */
export const CONFIDENCE_MIN = 0.5;

/** The costs that count: everybody who asks reads them from the same profile, so that all count alike. */
export function chargedCost({ cost, learned }: Pick<MeshProfile, "cost" | "learned">): AppCost {
  return learned !== undefined && learned.confidence >= CONFIDENCE_MIN ? learned.cost : cost;
}

/** An app's costs reduced to what a node pays: once, and for each pod. Whole millicores and bytes. */
export interface UnitCost {
  readonly base: Resources;
  readonly perPod: Resources;
}

/** Reduces a profile's coefficients, charging each pod its planned traffic. Rounds up. */
export function unitCost(cost: AppCost): UnitCost {
  const perPod = (resource: keyof Resources): number =>
    Math.ceil(
      cost.perPod[resource] +
        cost.connectionsPerPod * cost.perConnection[resource] +
        cost.kiloRpsPerPod * cost.perKiloRps[resource],
    );
  return {
    base: { cpuMilli: Math.ceil(cost.base.cpuMilli), memoryBytes: Math.ceil(cost.base.memoryBytes) },
    perPod: { cpuMilli: perPod("cpuMilli"), memoryBytes: perPod("memoryBytes") },
  };
}

/** What a node's proxy needs by the model alone: Σ over apps, before correction and the proxy's own base. */
export function modelCost(apps: Iterable<readonly [UnitCost, number]>): Resources {
  let cpuMilli = 0;
  let memoryBytes = 0;
  for (const [cost, pods] of apps) {
    if (pods === 0) continue;
    cpuMilli += cost.base.cpuMilli + pods * cost.perPod.cpuMilli;
    memoryBytes += cost.base.memoryBytes + pods * cost.perPod.memoryBytes;
  }
  return { cpuMilli, memoryBytes };
}

export interface RequiredInput {
  readonly proxyBase: Resources;
  readonly correction: Correction;
  readonly modelCost: Resources;
}

/** The proxy size that the pods on a node call for, without headroom. */
export function required({ proxyBase, correction, modelCost }: RequiredInput): Resources {
  return {
    cpuMilli: proxyBase.cpuMilli + Math.ceil(correction.cpu * modelCost.cpuMilli),
    memoryBytes: proxyBase.memoryBytes + Math.ceil(correction.memory * modelCost.memoryBytes),
  };
}
