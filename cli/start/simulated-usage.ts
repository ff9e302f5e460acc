// What proxies use: measured for the real ones, for the others drawn from what their apps would cost if every profile
// were somewhat wrong in its own way, which is what the recommender's feedback is there to find out.

import type { AppName } from "#model/brand.ts";
import { unitCost } from "#model/mesh-cost.ts";
import { DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import type { Clock } from "#runtime/clock.ts";
import type { NodeContents, PodOnNode } from "#sim/audit/node-contents.ts";
import type { PodUsage } from "#sim/loopback/pod-metrics.ts";
import { PROXY_BASE } from "./fleet.ts";

export interface SimulatedUsageOptions {
  readonly contents: NodeContents;
  readonly clock: Clock;
  readonly random: () => number;
  /** Measured usage of real proxies, by pod name. */
  readonly measured: () => ReadonlyMap<string, { readonly cpuMilli: number; readonly memoryBytes: number }>;
}

/** An app's truth lies between these shares of its profile. */
const TRUTH_MIN = 0.55;
const TRUTH_MAX = 0.95;
/** CPU swings by this share around its mean over a day; memory does not. */
const DIURNAL_SWING = 0.3;
const NOISE = 0.05;
const DAY_MS = 86_400_000;

export function simulatedUsage(options: SimulatedUsageOptions): () => readonly PodUsage[] {
  const { contents, clock, random, measured } = options;
  const cost = unitCost(DEFAULT_APP_COST);
  return () => {
    const real = measured();
    const daily = 1 + DIURNAL_SWING * Math.sin((2 * Math.PI * clock.nowMs()) / DAY_MS);
    const usages: PodUsage[] = [];
    for (const node of contents.nodeNames()) {
      const pods = [...contents.podsOn(node)];
      const apps = podsByApp(pods);
      for (const { object } of pods.filter(({ isProxy }) => isProxy)) {
        const { name, namespace = "default" } = object.metadata;
        const noise = 1 + NOISE * (2 * random() - 1);
        let cpuMilli = PROXY_BASE.cpuMilli * TRUTH_MIN;
        let memoryBytes = PROXY_BASE.memoryBytes * TRUTH_MAX;
        for (const [app, count] of apps) {
          const truth = truthOf(app);
          cpuMilli += truth * daily * (cost.base.cpuMilli + count * cost.perPod.cpuMilli);
          memoryBytes += truth * (cost.base.memoryBytes + count * cost.perPod.memoryBytes);
        }
        usages.push({
          namespace,
          name,
          ...(real.get(name) ?? { cpuMilli: cpuMilli * noise, memoryBytes: memoryBytes * noise }),
        });
      }
    }
    return usages;
  };
}

function podsByApp(pods: readonly PodOnNode[]): ReadonlyMap<AppName, number> {
  const apps = new Map<AppName, number>();
  for (const { app } of pods) if (app !== undefined) apps.set(app, (apps.get(app) ?? 0) + 1);
  return apps;
}

// The same for an app whenever it is asked, and different between apps.
function truthOf(app: AppName): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < app.length; index++) hash = Math.imul(hash ^ app.charCodeAt(index), 16_777_619);
  return TRUTH_MIN + ((hash >>> 0) / 2 ** 32) * (TRUTH_MAX - TRUTH_MIN);
}
