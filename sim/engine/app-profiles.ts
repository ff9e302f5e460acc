// The MeshProfiles of a trace's apps: the default costs, the trace's limits per node, and what the run sets for all.

import type { AppName } from "#model/brand.ts";
import {
  type AppCost,
  DEFAULT_APP_COST,
  type MeshProfile,
  NO_LIMITS,
  NO_QUOTA,
} from "#model/mesh-profile.ts";
import type { TracePod } from "../traces/trace.ts";
import { tracedApp } from "./replay-pod.ts";

export interface ProfileOptions {
  /** At most this many pods of any app on one node, besides what the trace itself limits; undefined for no limit. */
  readonly podsPerNodeMax?: number;
  /** Memory of a bare instance; the cost's if absent. */
  readonly instanceBaseBytes?: number;
  /** Of every app; the model's default if absent. */
  readonly cost?: AppCost;
}

/** Made when asked for: a trace may have more apps than run at any time. */
export interface AppProfiles {
  get(app: AppName): MeshProfile;
}

/** One profile per app; an app whose pods name different limits gets the smallest. */
export function appProfiles(
  pods: Iterable<TracePod>,
  { podsPerNodeMax, instanceBaseBytes, cost: given = DEFAULT_APP_COST }: ProfileOptions,
): AppProfiles {
  const cost =
    instanceBaseBytes === undefined
      ? given
      : { ...given, base: { ...given.base, memoryBytes: instanceBaseBytes } };
  const ofAll = podsPerNodeMax ?? Infinity;
  const lower = new Map<string, number>();
  for (const pod of pods) {
    const { maxPerNode = Infinity } = pod;
    if (maxPerNode < ofAll) lower.set(pod.app, Math.min(lower.get(pod.app) ?? Infinity, maxPerNode));
  }
  const limits = new Map<AppName, number>();
  for (const [name, limit] of lower) limits.set(tracedApp(name), limit);
  const profileOf = (app: AppName): MeshProfile => {
    const maxPodsPerNode = limits.get(app) ?? ofAll;
    const placement = Number.isFinite(maxPodsPerNode) ? { maxPodsPerNode } : NO_LIMITS;
    return { app, cost, quota: NO_QUOTA, placement, ports: undefined };
  };
  let last: MeshProfile | undefined;
  return { get: (app) => (last?.app === app ? last : (last = profileOf(app))) };
}
