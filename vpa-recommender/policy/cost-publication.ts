// Which learned costs are written into profiles. Each one makes every reader recompute every node of the app, so only
// those that are known well enough, differ by enough from what is charged now, and are not too young.

import { chargedCost, CONFIDENCE_MIN, unitCost } from "#model/mesh-cost.ts";
import type { AppCost, LearnedCost, MeshProfile } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";

/** What is charged for a pod or an instance must change by this share. */
const CHANGE_MIN = 0.1;
/** And by this much. */
const AMOUNTS_MIN: Resources = { cpuMilli: 2, memoryBytes: 2 * 1024 ** 2 };
/** Between two writes for one app. */
const PUBLISH_INTERVAL_MS = 30 * 60_000;

export interface Publishing {
  readonly profile: MeshProfile;
  readonly learned: LearnedCost;
  /** When the app's costs were last written by this process. */
  readonly lastMs: number | undefined;
  readonly nowMs: number;
}

export function isWorthLearning({ profile, learned, lastMs, nowMs }: Publishing): boolean {
  if (learned.confidence < CONFIDENCE_MIN) return false;
  if (lastMs !== undefined && nowMs - lastMs < PUBLISH_INTERVAL_MS) return false;
  // The first one goes out even if it agrees with the profile: that it does is news.
  if (profile.learned === undefined) return true;
  const [before, after] = [chargedCost(profile), learned.cost].map((cost: AppCost) => unitCost(cost));
  if (before === undefined || after === undefined) return false;
  return (["base", "perPod"] as const).some((part) =>
    (["cpuMilli", "memoryBytes"] as const).some((resource) => {
      const change = Math.abs(after[part][resource] - before[part][resource]);
      return change > Math.max(AMOUNTS_MIN[resource], CHANGE_MIN * before[part][resource]);
    }),
  );
}
