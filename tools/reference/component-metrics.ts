// Every metric of every component with its labels, as the components themselves make them.

import type { Registry } from "prom-client";
import type { AppName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { REASONS } from "#proxy/policy/reasons.ts";
import { CostMeter } from "#proxy/shell/cost-meter.ts";
import { InstanceCounters } from "#proxy/shell/instance-counters.ts";
import { ProxyMetrics } from "#proxy/shell/metrics.ts";
import { Discovery } from "#scheduler-extender/policy/discovery.ts";
import { DEFAULT_PORT_RANGE } from "#scheduler-extender/policy/ports.ts";
import { createDiscoveryMetrics } from "#scheduler-extender/shell/discovery-metrics.ts";
import { createExtenderMetrics, registerCacheAge } from "#scheduler-extender/shell/extender-metrics.ts";
import { createHeadroomMetrics } from "#scheduler-extender/shell/headroom-metrics.ts";
import { createPlacementMetrics } from "#scheduler-extender/shell/placement-metrics.ts";
import { createPortMetrics } from "#scheduler-extender/shell/port-metrics.ts";
import { PromiseMetrics } from "#scheduler-extender/shell/promise-metrics.ts";
import { createSignerMetrics } from "#scheduler-extender/shell/signing/signer-metrics.ts";
import { createRecommenderMetrics } from "#vpa-recommender/shell/recommender-metrics.ts";
import { createReleaseMetrics } from "#vpa-recommender/shell/release-metrics.ts";

export interface ComponentMetrics {
  /** As a heading has it. */
  readonly component: string;
  /** What the names of its metrics begin with: its own, and those of its subsystems. */
  readonly subsystems: readonly string[];
  readonly metrics: readonly DescribedMetric[];
}

export interface DescribedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Series to each combination of labels: more than one for a histogram. */
  readonly seriesEach: number;
}

export async function componentMetrics(): Promise<readonly ComponentMetrics[]> {
  return [
    {
      component: "Scheduler extender (9090)",
      subsystems: ["extender", "placement", "ports", "discovery", "headroom", "signer"],
      metrics: await ofRegistry(extenderRegistry()),
    },
    {
      component: "Recommender (9091)",
      subsystems: ["recommender"],
      metrics: await ofRegistry(recommenderRegistry()),
    },
    { component: "Node proxy (9092)", subsystems: ["proxy"], metrics: ofProxy() },
  ];
}

function extenderRegistry(): Registry {
  const [ledger, clock] = [new ClusterLedger(), new VirtualClock()];
  const { registry } = createExtenderMetrics(ledger, clock);
  void new PromiseMetrics({ ledger, clock }, registry);
  registerCacheAge(registry, () => 0);
  createPlacementMetrics(registry, () => 0);
  createPortMetrics(registry, { profiles: () => [], range: DEFAULT_PORT_RANGE });
  createDiscoveryMetrics(registry, new Discovery());
  createHeadroomMetrics(registry, () => 0);
  createSignerMetrics(registry, () => 0);
  return registry;
}

function recommenderRegistry(): Registry {
  const { registry } = createRecommenderMetrics(() => []);
  createReleaseMetrics(registry);
  return registry;
}

async function ofRegistry(registry: Registry): Promise<readonly DescribedMetric[]> {
  const text = await registry.metrics();
  return described(text).map(({ name, type, help }): DescribedMetric => {
    const { labelNames = [], buckets = [] } = registry.getSingleMetric(name) as unknown as {
      readonly labelNames?: readonly string[];
      readonly buckets?: readonly number[];
    };
    const labels = labelNames.filter((label) => label !== "le");
    // A histogram has a bucket for whatever is larger, a sum and a count besides.
    return { name, type, help, labels, seriesEach: type === "histogram" ? buckets.length + 3 : 1 };
  });
}

// A proxy's families are made when they are asked for: labels show where an instance has everything that there is.
function ofProxy(): readonly DescribedMetric[] {
  const app = "shop/cart" as AppName;
  const counts = new Map([[app, { service: 1, other: 1 }]]);
  const host = {
    instances: [busyInstance(app)],
    pods: () => [],
    isSynced: true,
    costs: new CostMeter(),
    serviceCounts: { services: 1, entries: 1, updates: 1, followed: 1 },
  };
  const text = new ProxyMetrics(host as never, undefined, { counts }).render();
  return described(text).map(({ name, type, help }) => {
    const labels = new Set<string>();
    for (const [line] of text.matchAll(new RegExp(`^${name}\\{.*$`, "gm")))
      for (const [, label = ""] of line.matchAll(/[{,]([a-z_]+)="/g)) labels.add(label);
    return { name, type, help, labels: [...labels], seriesEach: 1 };
  });
}

function busyInstance(app: AppName): object {
  const counters = new InstanceCounters();
  const every = Object.fromEntries(Object.keys(REASONS).map((name) => [name, 1]));
  const read = counters.read();
  return {
    app,
    isServing: true,
    cpuSeconds: 0,
    memoryBytes: 0,
    recycles: 0,
    restarts: new Map([["exited", 1]]),
    limits: { cpuMilli: 1 },
    ownProcesses: { cpuSeconds: 0, residentBytes: 0 },
    state: { phase: { kind: "serving" } },
    counters: {
      get: () => 0,
      total: () => 0,
      read: () => ({
        inbound: { ...read.inbound, reasons: every },
        outbound: { ...read.outbound, reasons: every },
      }),
    },
  };
}

function described(text: string): readonly Pick<DescribedMetric, "name" | "type" | "help">[] {
  const types = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]),
  );
  return [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = "", help = ""]) => ({
    name,
    help,
    type: types.get(name) ?? "",
  }));
}
