// What an autoscaler says of how pods are sized, over what the recommender's flags say.

import type { NodeProxyAutoscaler, UpdateMode } from "#model/node-proxy-autoscaler.ts";
import type { Resources } from "#model/resources.ts";
import type { PlannerOptions } from "./resize-planner.ts";

export interface SizingRules {
  readonly planner: PlannerOptions;
  readonly mode: UpdateMode;
}

/** In mode Initial a pod is sized while it is younger than this. */
const INITIAL_MS = 10 * 60_000;

export function sizingRules(
  autoscaler: NodeProxyAutoscaler | undefined,
  defaults: PlannerOptions,
): SizingRules {
  if (autoscaler === undefined) return { planner: defaults, mode: "InPlace" };
  const { headroom, min, max, shrinkDelayMs, headroomDelayMs, updateMode } = autoscaler;
  const planner = {
    ...defaults,
    headroomRatio: headroom.ratio ?? defaults.headroomRatio,
    headroomMin: {
      cpuMilli: headroom.cpuMilli ?? defaults.headroomMin.cpuMilli,
      memoryBytes: headroom.memoryBytes ?? defaults.headroomMin.memoryBytes,
    },
    shrinkDelayMs: shrinkDelayMs ?? defaults.shrinkDelayMs,
    headroomDelayMs: headroomDelayMs ?? defaults.headroomDelayMs,
    min: { ...NOTHING, ...min },
    max: { ...EVERYTHING, ...max },
  };
  return { planner, mode: updateMode };
}

const NOTHING: Resources = { cpuMilli: 0, memoryBytes: 0 };
const EVERYTHING: Resources = { cpuMilli: Infinity, memoryBytes: Infinity };

/** Whether a pod of this age may be resized. */
export function mayResize(mode: UpdateMode, ageMs: number): boolean {
  return mode === "InPlace" || (mode === "Initial" && ageMs < INITIAL_MS);
}
