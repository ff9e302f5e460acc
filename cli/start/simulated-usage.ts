// What proxies use in all: measured for the real ones, for the others what their apps' truth says, with noise.

import type { AppName } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import type { Clock } from "#runtime/clock.ts";
import type { NodeContents, PodOnNode } from "#sim/audit/node-contents.ts";
import type { PodUsage } from "#sim/loopback/pod-metrics.ts";
import { dailyLoad, IDLE_USE, instanceUse } from "./app-truth.ts";

export interface SimulatedUsageOptions {
  readonly contents: NodeContents;
  readonly clock: Clock;
  readonly random: () => number;
  /** Measured usage of real proxies, by pod name. */
  readonly measured: () => ReadonlyMap<string, Resources>;
}

const NOISE = 0.05;

export function simulatedUsage(options: SimulatedUsageOptions): () => readonly PodUsage[] {
  const { contents, clock, random, measured } = options;
  return () => {
    const real = measured();
    const load = dailyLoad(clock.nowMs());
    const usages: PodUsage[] = [];
    for (const node of contents.nodeNames()) {
      const pods = [...contents.podsOn(node)];
      const apps = podsByApp(pods);
      for (const { object } of pods.filter(({ isProxy }) => isProxy)) {
        const { name, namespace = "default" } = object.metadata;
        const noise = noiseFactor(random);
        let { cpuMilli, memoryBytes } = IDLE_USE;
        for (const [app, count] of apps) {
          const use = instanceUse(app, count, load);
          cpuMilli += use.cpuMilli;
          memoryBytes += use.memoryBytes;
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

/** Of one reading. */
export function noiseFactor(random: () => number): number {
  return 1 + NOISE * (2 * random() - 1);
}

export function podsByApp(pods: Iterable<PodOnNode>): ReadonlyMap<AppName, number> {
  const apps = new Map<AppName, number>();
  for (const { app } of pods) if (app !== undefined) apps.set(app, (apps.get(app) ?? 0) + 1);
  return apps;
}
