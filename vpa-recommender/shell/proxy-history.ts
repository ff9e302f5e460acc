// The node proxies' past from a Prometheus that scrapes them: read once, at the start, so that a restart begins with what
// the nodes were seen to need and what the apps' instances were seen to cost. A few nodes at a time, for a limited time:
// what was not reached by then is learned anew.

import type { AppName, NodeName } from "#model/brand.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import { modelCost } from "#model/mesh-cost.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import {
  type InstanceSeries,
  type NodeSeries,
  pastReadings,
  type ProcessSeries,
} from "../policy/proxy-history.ts";
import { believedSamples, type HistoryFault, type TimedValue } from "../policy/range-samples.ts";
import type { SizingModel } from "../policy/sizing-model.ts";
import { anyOf, type PrometheusClient, type RangeSeries } from "./prometheus-client.ts";

export interface ProxyHistoryOptions {
  readonly prometheus: Pick<PrometheusClient, "range">;
  /** The label that Prometheus gives to what it scrapes from a node's proxy. */
  readonly nodeLabel: string;
  readonly ledger: ClusterLedger;
  readonly model: SizingModel;
  readonly clock: Clock;
  readonly metrics: ProxyHistoryMetrics;
  readonly logger: Logger;
}

export interface ProxyHistoryMetrics {
  /** A sample or a reading from before the start was taken, or why it was left out. */
  historySample(source: "proxies", verdict: HistoryFault | "taken"): void;
}

/** A day shows how the load goes through the day, and is the half-life of what a node is seen to need. */
const LENGTH_MS = 86_400_000;
/** The longest that two looks may be apart with room to spare, and as far back as Prometheus looks for a value. */
const STEP_MS = 300_000;
/** At thirty apps each, seven metrics and 288 moments: a million samples, half of what one answer may hold. */
const NODES_AT_ONCE = 16;
/** Readings of now wait for it meanwhile; sizes follow what is on the nodes all the same. */
const READ_MS_MAX = 120_000;
/** No machine has more; a counter of seconds at a thousand cores passes it after thirty years. */
const VALUE_MAX = 1e15;

const PROCESS_METRICS: Readonly<Record<keyof ProcessSeries, string>> = {
  cpuSeconds: "berth_proxy_process_cpu_seconds_total",
  residentBytes: "berth_proxy_process_resident_bytes",
};
const INSTANCE_METRICS: Readonly<Record<keyof InstanceSeries, string>> = {
  pods: "berth_proxy_pods",
  connections: "berth_proxy_connections",
  requests: "berth_proxy_requests_total",
  cpuSeconds: "berth_proxy_instance_cpu_seconds_total",
  cpuHeldSeconds: "berth_proxy_instance_held_seconds_total",
  memoryBytes: "berth_proxy_instance_memory_bytes",
};

export class ProxyHistory {
  readonly #options: ProxyHistoryOptions;

  constructor(options: ProxyHistoryOptions) {
    this.#options = options;
  }

  /**
   * Learns from the past of these nodes' proxies.
   *
   * @throws OperationError if Prometheus does not answer; nodes that it answered for before are learned by then.
   */
  async learn(nodes: readonly NodeName[]): Promise<void> {
    const { clock, logger } = this.#options;
    const startedMs = performance.now();
    const range = { endMs: Math.floor(clock.nowMs() / STEP_MS) * STEP_MS, stepMs: STEP_MS };
    let readings = 0;
    for (let at = 0; at < nodes.length; at += NODES_AT_ONCE) {
      if (performance.now() - startedMs > READ_MS_MAX) {
        logger.warn(
          { nodes: nodes.length, read: at },
          "the rest of the proxies' history is left out: it takes too long",
        );
        break;
      }
      const batch = nodes.slice(at, at + NODES_AT_ONCE);
      const histories = await this.#read(batch, { ...range, startMs: range.endMs - LENGTH_MS });
      for (const [node, series] of histories) readings += this.#remember(node, series);
    }
    logger.info({ nodes: nodes.length, readings }, "proxies' history read");
  }

  async #read(nodes: readonly NodeName[], range: Range): Promise<ReadonlyMap<NodeName, NodeSeries>> {
    const histories = new Map<NodeName, MutableSeries>();
    const of = (node: string): MutableSeries => {
      const known = histories.get(node as NodeName) ?? { host: {}, instances: new Map() };
      histories.set(node as NodeName, known);
      return known;
    };
    const { nodeLabel } = this.#options;
    const where = `${nodeLabel}=~${anyOf(nodes)}`;
    for (const [part, metric] of entries(PROCESS_METRICS)) {
      const query = `sum by (${nodeLabel}) (${metric}{${where}})`;
      for (const { labels, samples } of await this.#range(query, range))
        of(labels[nodeLabel] ?? "").host[part] = samples;
    }
    for (const [part, metric] of entries(INSTANCE_METRICS)) {
      const held = part === "cpuHeldSeconds" ? ',resource="cpu"' : "";
      const query = `sum by (${nodeLabel}, app) (${metric}{${where}${held}})`;
      for (const { labels, samples } of await this.#range(query, range)) {
        const { app = "" } = labels;
        // Apps beyond the proxy's limit of series are together under one label.
        if (!app.includes("/")) continue;
        const { instances } = of(labels[nodeLabel] ?? "");
        instances.set(app as AppName, { ...instances.get(app as AppName), [part]: samples });
      }
    }
    return new Map([...histories].map(([node, series]) => [node, complete(series)]));
  }

  async #range(query: string, range: Range): Promise<readonly RangeSeries[]> {
    const { prometheus, metrics } = this.#options;
    const limits = { startMs: range.startMs, endMs: range.endMs, valueMax: VALUE_MAX };
    const told = (fault: HistoryFault): void => metrics.historySample("proxies", fault);
    const answered = await prometheus.range({ query, ...range });
    return answered.map(({ labels, samples }) => ({
      labels,
      samples: believedSamples(samples, limits, told),
    }));
  }

  #remember(name: NodeName, series: NodeSeries): number {
    const { ledger, model, metrics } = this.#options;
    const node = ledger.node(name);
    if (node === undefined) return 0;
    const { proxyBase, allocatable } = node;
    const priorOf = (app: AppName) => ledger.profile(app).cost;
    let taken = 0;
    const told = (fault: HistoryFault): void => metrics.historySample("proxies", fault);
    for (const { timeMs, used, instances, pods } of pastReadings(series, proxyBase, told)) {
      const past = modelCost([...pods].map(([app, count]) => [ledger.unitCost(app), count] as const));
      const fault = model.observe(
        { name, allocatable, proxyBase, modelCost: past, appPods: pods },
        { used, instances, timeMs },
        { nowMs: timeMs, priorOf },
      );
      metrics.historySample("proxies", fault ?? "taken");
      if (fault === undefined) taken++;
    }
    return taken;
  }
}

interface Range {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

interface MutableSeries {
  readonly host: Partial<Record<keyof ProcessSeries, readonly TimedValue[]>>;
  readonly instances: Map<AppName, Partial<InstanceSeries>>;
}

const NO_SERIES: InstanceSeries = {
  pods: [],
  connections: [],
  requests: [],
  cpuSeconds: [],
  cpuHeldSeconds: [],
  memoryBytes: [],
};

function complete({ host, instances }: MutableSeries): NodeSeries {
  const { cpuSeconds = [], residentBytes = [] } = host;
  return {
    host: { cpuSeconds, residentBytes },
    instances: new Map([...instances].map(([app, series]) => [app, { ...NO_SERIES, ...series }])),
  };
}

function entries<K extends string>(metrics: Readonly<Record<K, string>>): readonly (readonly [K, string])[] {
  return Object.entries(metrics) as [K, string][];
}
