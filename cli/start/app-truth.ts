// What instances of the simulated nodes' proxies use: what their apps would cost if every profile were somewhat wrong in its
// own way, which is what the recommender's feedback is there to find out; and the traffic that they would have.

import type { AppName } from "#model/brand.ts";
import { unitCost } from "#model/mesh-cost.ts";
import { DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import { textHash } from "#model/text-hash.ts";
import { PROXY_BASE } from "./fleet.ts";

/** An app's truth lies between these shares of its profile. */
const TRUTH_MIN = 0.55;
const TRUTH_MAX = 0.95;
/** CPU swings by this share around its mean over a day; memory does not. */
const DIURNAL_SWING = 0.3;
const DAY_MS = 86_400_000;
const COST = unitCost(DEFAULT_APP_COST);

/** Of a proxy without any instance. */
export const IDLE_USE: Resources = {
  cpuMilli: PROXY_BASE.cpuMilli * TRUTH_MIN,
  memoryBytes: PROXY_BASE.memoryBytes * TRUTH_MAX,
};

/** How busy the whole fleet is at this time of its day; 1 is the mean. */
export function dailyLoad(nowMs: number): number {
  return 1 + DIURNAL_SWING * Math.sin((2 * Math.PI * nowMs) / DAY_MS);
}

/** Of one app's instance with so many pods, at such a load. */
export function instanceUse(app: AppName, pods: number, load: number): Resources {
  const truth = truthOf(app);
  return {
    cpuMilli: truth * load * (COST.base.cpuMilli + pods * COST.perPod.cpuMilli),
    memoryBytes: truth * (COST.base.memoryBytes + pods * COST.perPod.memoryBytes),
  };
}

/** Planned traffic, swinging as the CPU does. */
export function instanceTraffic(
  pods: number,
  load: number,
): { readonly connections: number; readonly requestsPerSecond: number } {
  const { connectionsPerPod, kiloRpsPerPod } = DEFAULT_APP_COST;
  return {
    connections: Math.round(pods * connectionsPerPod * load),
    requestsPerSecond: pods * kiloRpsPerPod * 1000 * load,
  };
}

// The same for an app whenever it is asked, and different between apps.
function truthOf(app: AppName): number {
  return TRUTH_MIN + (textHash(app) / 2 ** 32) * (TRUTH_MAX - TRUTH_MIN);
}
