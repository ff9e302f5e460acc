// The MeshProfiles of a trace's apps: the default costs, the trace's limits per node, and what the run sets for all.

import type { AppName } from "#model/brand.ts";
import { type AppCost, DEFAULT_APP_COST, type MeshProfile } from "#model/mesh-profile.ts";
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

/** One profile per app; an app whose pods name different limits gets the smallest. */
export function appProfiles(
  pods: readonly TracePod[],
  { podsPerNodeMax, instanceBaseBytes, cost: given = DEFAULT_APP_COST }: ProfileOptions,
): ReadonlyMap<AppName, MeshProfile> {
  const base = {
    ...given.base,
    ...(instanceBaseBytes !== undefined && { memoryBytes: instanceBaseBytes }),
  };
  const cost = { ...given, base };
  const limits = new Map<string, number>();
  for (const { app, maxPerNode = Infinity } of pods) {
    limits.set(app, Math.min(limits.get(app) ?? podsPerNodeMax ?? Infinity, maxPerNode));
  }
  const profiles = new Map<AppName, MeshProfile>();
  for (const [name, maxPodsPerNode] of limits) {
    const app = tracedApp(name);
    const placement = Number.isFinite(maxPodsPerNode) ? { maxPodsPerNode } : {};
    profiles.set(app, { app, cost, quota: {}, placement, ports: undefined });
  }
  return profiles;
}
