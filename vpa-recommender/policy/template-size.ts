// Where pods cannot be resized in place, all pods of a DaemonSet have one size, its template's: a chosen percentile of
// what their nodes call for. Each change restarts every one of them, so it is made rarely, and only where it matters.

import type { Resources } from "#model/resources.ts";

export interface TemplateOptions {
  /** From 0 to 1: of the nodes' targets the one that the template takes, for each resource. */
  readonly percentile: number;
  readonly intervalMs: number;
}

export interface TemplateSituation {
  /** Of the nodes, headroom included and within the autoscaler's bounds. */
  readonly targets: readonly Resources[];
  /** What the template requests. */
  readonly current: Resources;
  /** When it was last changed by us; undefined if it never was. */
  readonly changedMs: number | undefined;
}

export type TemplatePlan =
  | {
      readonly kind: "hold";
      readonly reason: "noTargets" | "rightSize" | "tooSoon";
      readonly size: Resources;
    }
  | { readonly kind: "change"; readonly size: Resources };

/** Of the present size: a smaller lack, and a smaller surplus, are not worth restarting every pod. */
const LACK_MIN = 0.1;
const SURPLUS_MIN = 0.3;

export function planTemplate(
  { targets, current, changedMs }: TemplateSituation,
  { percentile, intervalMs }: TemplateOptions,
  nowMs: number,
): TemplatePlan {
  if (targets.length === 0) return { kind: "hold", reason: "noTargets", size: current };
  const size = {
    cpuMilli: atPercentile(targets, "cpuMilli", percentile),
    memoryBytes: atPercentile(targets, "memoryBytes", percentile),
  };
  const differs = (["cpuMilli", "memoryBytes"] as const).some((resource) => {
    const [present, wanted] = [current[resource], size[resource]];
    return wanted > present * (1 + LACK_MIN) || wanted < present * (1 - SURPLUS_MIN);
  });
  if (!differs) return { kind: "hold", reason: "rightSize", size };
  if (changedMs !== undefined && nowMs - changedMs < intervalMs)
    return { kind: "hold", reason: "tooSoon", size };
  return { kind: "change", size };
}

/** How many nodes call for more than their pods get from the template. */
export function nodesShort(targets: readonly Resources[], size: Resources): number {
  return targets.filter(
    ({ cpuMilli, memoryBytes }) => cpuMilli > size.cpuMilli || memoryBytes > size.memoryBytes,
  ).length;
}

// The smallest target that so many are not above.
function atPercentile(targets: readonly Resources[], resource: keyof Resources, percentile: number): number {
  const sorted = targets.map((target) => target[resource]).sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(percentile * sorted.length) - 1)] ?? 0;
}
