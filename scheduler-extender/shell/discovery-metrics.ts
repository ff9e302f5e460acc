// Metrics of node-level discovery.

import { Counter, Gauge, type Registry } from "prom-client";
import type { Discovery, SliceWrite, WriteOutcome } from "../policy/discovery.ts";
import { DIRECT_REASONS } from "../policy/service-route.ts";

export interface DiscoveryMetrics {
  written(kind: SliceWrite["kind"], outcome: WriteOutcome["kind"]): void;
}

export function createDiscoveryMetrics(registry: Registry, discovery: Discovery): DiscoveryMetrics {
  const writes = new Counter({
    name: "berth_discovery_writes_total",
    help: "Writes of node-level EndpointSlices, by kind (create, update, delete) and outcome: done, changed (the slice was another version by then), failed.",
    labelNames: ["kind", "outcome"],
    registers: [registry],
  });
  registry.registerMetric(
    new Gauge({
      name: "berth_discovery_services",
      help: `Services by how clients in the mesh reach them: byNode, or directly because of noSelector, ownRouting (session affinity, node-local or unready endpoints), noPods, outsideMesh (no mesh pods), mixed (ready pods outside the mesh), severalApps, partOfApp (ready pods of the app that it does not select), noPorts, otherPort (none of its ports leads to the app's), nodeWithoutProxy.`,
      labelNames: ["route"],
      registers: [],
      collect() {
        const counts = new Map<string, number>(["byNode", ...DIRECT_REASONS].map((route) => [route, 0]));
        for (const route of discovery.routes()) {
          const name = route.kind === "byNode" ? route.kind : route.reason;
          counts.set(name, (counts.get(name) ?? 0) + 1);
        }
        for (const [route, count] of counts) this.set({ route }, count);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "berth_discovery_slices",
      help: "Node-level EndpointSlices that there are.",
      registers: [],
      collect() {
        this.set([...discovery.slices()].length);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "berth_discovery_entries",
      help: "Entries that they hold, by state: ready, terminating (only pods that are ending still serve), unready.",
      labelNames: ["state"],
      registers: [],
      collect() {
        const counts = { ready: 0, terminating: 0, unready: 0 };
        for (const { slice } of discovery.slices()) for (const { state } of slice.entries) counts[state] += 1;
        for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "berth_discovery_pods",
      help: "Pods behind the Services that are reached by node: the entries that there would be by pod.",
      registers: [],
      collect() {
        let pods = 0;
        for (const route of discovery.routes()) {
          if (route.kind === "byNode") for (const { present } of route.nodes.values()) pods += present;
        }
        this.set(pods);
      },
    }),
  );
  return { written: (kind, outcome) => writes.inc({ kind, outcome }) };
}
