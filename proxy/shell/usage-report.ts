// What each app's instance uses, as `GET /v1/usage` shows it: as short as it can be, since the recommender reads it from
// every node every minute. Counters only rise; the reader takes differences.

import type { ProxyHost } from "./host.ts";
import { DIRECTIONS } from "./instance-counters.ts";

export interface UsageReport {
  readonly node: string;
  /** Of the proxy's processes together, shared parts included. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly instances: readonly InstanceUsageReport[];
}

export interface InstanceUsageReport {
  readonly app: string;
  readonly pods: number;
  /** Open client connections and requests that arrived, both directions together. */
  readonly connections: number;
  readonly requests: number;
  readonly cpuSeconds: number;
  /** Time in which its CPU was held back. */
  readonly cpuHeldSeconds: number;
  /** What its heap holds of the system's memory, and what it owns outside. */
  readonly memoryBytes: number;
}

export function usageReport(host: ProxyHost): UsageReport {
  const podsByApp = Map.groupBy(host.pods(), ({ app }) => app);
  return {
    node: host.nodeName,
    ...host.use,
    instances: host.instances
      .filter(({ isServing }) => isServing)
      .map((instance) => {
        const { app, counters, cpuSeconds } = instance;
        const counts = counters.read();
        const sum = (slot: "connections" | "requests"): number =>
          DIRECTIONS.reduce((total, direction) => total + counts[direction][slot], 0);
        return {
          app,
          pods: podsByApp.get(app)?.length ?? 0,
          connections: sum("connections"),
          requests: sum("requests"),
          cpuSeconds,
          cpuHeldSeconds: counters.total("cpuHeldSeconds"),
          memoryBytes: instance.memoryBytes,
        };
      }),
  };
}
