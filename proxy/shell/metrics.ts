// All metrics of the proxy. Labels come from closed sets, apart from `app`, whose values are capped.

import type { AppName } from "#model/brand.ts";

import { AppSeries } from "../policy/app-series.ts";
import type { InstancePhase } from "../policy/instance-lifecycle.ts";
import { REASONS } from "../policy/reasons.ts";
import type { Reason, ReasonName } from "../policy/reasons.ts";
import type { BypassCounts } from "./bypass-watch.ts";
import { bypassFamilies } from "./bypass-metrics.ts";
import { exposition } from "./exposition.ts";
import type { MetricFamily, MetricSample } from "./exposition.ts";
import type { ProxyHost } from "./host.ts";
import type { Instance } from "./instance.ts";
import { DIRECTIONS } from "./instance-counters.ts";
import type { DirectionCounts, DirectionSlot, InstanceCounters } from "./instance-counters.ts";
import type { ProcessUse } from "./process-use.ts";
import { isMigrationOn } from "./reuse-port.ts";
import { serviceFamilies } from "./service-metrics.ts";
import type { Siblings } from "./siblings.ts";

const PHASES = [
  "waiting",
  "starting",
  "serving",
  "lingering",
  "backing-off",
  "draining",
  "stopping",
] as const satisfies readonly InstancePhase["kind"][];

const DIRECTION_METRICS: readonly (Omit<MetricFamily, "samples"> & { readonly slot: DirectionSlot })[] = [
  {
    slot: "requests",
    name: "berth_proxy_requests_total",
    help: "Requests that arrived, refused ones included.",
    type: "counter",
  },
  {
    slot: "inFlight",
    name: "berth_proxy_requests_in_flight",
    help: "Requests in progress.",
    type: "gauge",
  },
  {
    slot: "retries",
    name: "berth_proxy_request_retries_total",
    help: "Requests sent again after a connection that turned out dead.",
    type: "counter",
  },
  {
    slot: "bytesReceived",
    name: "berth_proxy_received_bytes_total",
    help: "Bytes from clients, headers included.",
    type: "counter",
  },
  {
    slot: "bytesSent",
    name: "berth_proxy_sent_bytes_total",
    help: "Bytes to clients, headers included.",
    type: "counter",
  },
  {
    slot: "connections",
    name: "berth_proxy_connections",
    help: "Open client connections.",
    type: "gauge",
  },
  {
    slot: "connectionsOpened",
    name: "berth_proxy_connections_opened_total",
    help: "Client connections accepted.",
    type: "counter",
  },
  {
    slot: "queued",
    name: "berth_proxy_queued_requests_total",
    help: "Requests that waited for the app's concurrency.",
    type: "counter",
  },
  {
    slot: "queuedSeconds",
    name: "berth_proxy_queue_seconds_total",
    help: "Time that requests waited for the app's concurrency.",
    type: "counter",
  },
];

/** Connections past the proxy, where somebody counts them. */
export interface BypassSource {
  readonly counts: BypassCounts;
}

export class ProxyMetrics {
  readonly #host: ProxyHost;
  readonly #siblings: Siblings | undefined;
  readonly #bypass: BypassSource | undefined;
  readonly #series = new AppSeries();
  #labelled: ReadonlySet<AppName> = new Set();

  /** @param siblings whose counts are added, so that the node's do not fall back when its proxy is replaced. */
  constructor(host: ProxyHost, siblings?: Siblings, bypass?: BypassSource) {
    this.#host = host;
    this.#bypass = bypass;
    this.#siblings = siblings;
  }

  /** In the Prometheus text format. */
  render(): string {
    const { instances } = this.#host;
    const theirs = this.#siblings?.counts() ?? [];
    const present = new Set([...instances.map(({ app }) => app), ...theirs.map(([app]) => app)]);
    for (const app of this.#labelled) {
      if (!present.has(app)) this.#series.release(app);
    }
    this.#labelled = present;
    const labelled = instances.map((instance) => ({ instance, app: this.#series.label(instance.app) }));
    const counted = [
      ...labelled.map(({ instance, app }) => ({ counters: instance.counters, app })),
      ...theirs.map(([app, counters]) => ({ counters, app: this.#series.label(app) })),
    ];
    return exposition([
      ...trafficFamilies(counted),
      ...instanceFamilies(labelled, this.#host),
      ...costFamilies(labelled, this.#host),
      ...serviceFamilies(this.#host.serviceCounts),
      ...bypassFamilies(this.#bypass?.counts, (app) =>
        present.has(app) ? this.#series.label(app) : undefined,
      ),
      ...processFamilies(this.#host, this.#siblings?.size ?? 0),
    ]);
  }
}

interface LabelledInstance {
  readonly instance: Instance;
  readonly app: string;
}

interface LabelledCounters {
  readonly counters: InstanceCounters;
  readonly app: string;
}

function trafficFamilies(counted: readonly LabelledCounters[]): readonly MetricFamily[] {
  const counts = counted.flatMap(({ counters, app }) => {
    const read = counters.read();
    return DIRECTIONS.map((direction) => ({ labels: { app, direction }, counts: read[direction] }));
  });
  const families: MetricFamily[] = DIRECTION_METRICS.map(({ slot, name, help, type }) => ({
    name,
    help,
    type,
    samples: counts.map(({ labels, counts }) => ({ labels, value: counts[slot] })),
  }));
  families.push({
    name: "berth_proxy_responses_total",
    help: "Answers sent to their end, by the class of their status.",
    type: "counter",
    samples: counts.flatMap(({ labels, counts }) =>
      Object.entries(counts.responses).map(([name, value]) => ({
        labels: { ...labels, class: name },
        value,
      })),
    ),
  });
  families.push({
    name: "berth_proxy_throttled_requests_total",
    help: "Requests and connections refused by a quota (reference/reasons.md).",
    type: "counter",
    samples: counts.flatMap(({ labels, counts }) => reasonSamples(labels, counts, "throttled")),
  });
  families.push({
    name: "berth_proxy_failed_requests_total",
    help: "Requests that the proxy answered itself or could not finish, quotas apart (reference/reasons.md).",
    type: "counter",
    samples: counts.flatMap(({ labels, counts }) => reasonSamples(labels, counts, "failed")),
  });
  return families;
}

function reasonSamples(
  labels: Readonly<Record<string, string>>,
  { reasons }: DirectionCounts,
  outcome: Reason["outcome"],
): readonly MetricSample[] {
  return (Object.entries(reasons) as [ReasonName, number][])
    .filter(([name]) => REASONS[name].outcome === outcome)
    .map(([name, value]) => ({ labels: { ...labels, reason: REASONS[name].code }, value }));
}

function instanceFamilies(labelled: readonly LabelledInstance[], host: ProxyHost): readonly MetricFamily[] {
  const podsByApp = Map.groupBy(host.pods(), ({ app }) => app);
  const perApp = (value: (instance: Instance) => number): readonly MetricSample[] =>
    labelled.map(({ instance, app }) => ({ labels: { app }, value: value(instance) }));
  return [
    {
      name: "berth_proxy_pods",
      help: "Pods of the app on this node.",
      type: "gauge",
      samples: perApp(({ app }) => podsByApp.get(app)?.length ?? 0),
    },
    {
      name: "berth_proxy_instance_serving",
      help: "1 while the app's instance accepts requests.",
      type: "gauge",
      samples: perApp(({ isServing }) => Number(isServing)),
    },
    {
      name: "berth_proxy_instance_cpu_seconds_total",
      help: "CPU time of the app's worker threads and processes, earlier ones included.",
      type: "counter",
      samples: perApp(({ cpuSeconds }) => cpuSeconds),
    },
    {
      name: "berth_proxy_instance_heap_used_bytes",
      help: "Used heap of the app's worker thread.",
      type: "gauge",
      samples: perApp(({ counters }) => counters.get("heapUsedBytes")),
    },
    {
      name: "berth_proxy_instance_external_bytes",
      help: "Memory outside the heap that the app's worker thread owns, buffers above all.",
      type: "gauge",
      samples: perApp(({ counters }) => counters.get("externalBytes")),
    },
    {
      name: "berth_proxy_instance_cpu_limit_cores",
      help: "CPU that the app's instance may use at present, what is lent to it included; absent without a limit.",
      type: "gauge",
      samples: labelled.flatMap(({ instance, app }) => {
        const { cpuMilli } = instance.limits;
        return cpuMilli === undefined ? [] : [{ labels: { app }, value: cpuMilli / 1000 }];
      }),
    },
    {
      name: "berth_proxy_instance_held_seconds_total",
      help: "Time in which the app's instance read nothing, because its CPU or its bandwidth was used up.",
      type: "counter",
      samples: labelled.flatMap(({ instance, app }) => {
        const { counters } = instance;
        return [
          { labels: { app, resource: "cpu" }, value: counters.total("cpuHeldSeconds") },
          { labels: { app, resource: "bandwidth" }, value: counters.total("bandwidthHeldSeconds") },
        ];
      }),
    },
    {
      name: "berth_proxy_access_log_left_out_total",
      help: "Lines that the app's access log should have had, and were too many.",
      type: "counter",
      samples: perApp(({ counters }) => counters.total("accessLinesLeftOut")),
    },
    {
      name: "berth_proxy_instance_replacements_total",
      help: "Workers of the app that were replaced by the next without a gap.",
      type: "counter",
      samples: perApp(({ recycles }) => recycles),
    },
    {
      name: "berth_proxy_instance_restarts_total",
      help: "Unplanned ends of the app's worker thread, by reason: out-of-memory, uncaught-error, aborted, exited, stalled, start-timeout, bind-failed or drain-timeout.",
      type: "counter",
      samples: labelled.flatMap(({ instance, app }) =>
        [...instance.restarts].map(([reason, value]) => ({ labels: { app, reason }, value })),
      ),
    },
    {
      name: "berth_proxy_instances",
      help: `Instances on this node, by state: ${PHASES.join(", ")}.`,
      type: "gauge",
      samples: PHASES.map((state) => ({
        labels: { state },
        value: labelled.filter(({ instance }) => instance.state.phase.kind === state).length,
      })),
    },
  ];
}

/** What an app is charged, beside what its threads did themselves. */
function costFamilies(labelled: readonly LabelledInstance[], { costs }: ProxyHost): readonly MetricFamily[] {
  const perApp = (value: (instance: Instance) => number): readonly MetricSample[] =>
    labelled.map(({ instance, app }) => ({ labels: { app }, value: value(instance) }));
  return [
    {
      name: "berth_proxy_instance_shared_cpu_seconds_total",
      help: "The app's part of the CPU time that was in no instance's thread, in proportion to its own.",
      type: "counter",
      samples: perApp(({ app }) => costs.spreadCpuSeconds(app)),
    },
    {
      name: "berth_proxy_instance_memory_bytes",
      help: "What the app's worker threads hold of the system's memory: heaps and what they own outside; of a process that it has for itself, all but the program's code.",
      type: "gauge",
      samples: perApp(({ memoryBytes }) => memoryBytes),
    },
    {
      name: "berth_proxy_instance_process_cpu_seconds_total",
      help: "CPU time of the processes that the app's instance had for itself; part of its CPU time, absent for one in a thread.",
      type: "counter",
      samples: ofProcesses(labelled, ({ cpuSeconds }) => cpuSeconds),
    },
    {
      name: "berth_proxy_instance_process_resident_bytes",
      help: "Resident memory of the process that the app's instance has for itself; absent for one in a thread.",
      type: "gauge",
      samples: ofProcesses(labelled, ({ residentBytes }) => residentBytes),
    },
  ];
}

function ofProcesses(
  labelled: readonly LabelledInstance[],
  value: (use: ProcessUse) => number,
): readonly MetricSample[] {
  return labelled.flatMap(({ instance: { ownProcesses }, app }) =>
    ownProcesses === undefined ? [] : [{ labels: { app }, value: value(ownProcesses) }],
  );
}

function processFamilies(host: ProxyHost, siblingCount: number): readonly MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const isMigrating = isMigrationOn();
  return [
    {
      name: "berth_proxy_siblings",
      help: "Other proxies of this node, while one takes over from another.",
      type: "gauge",
      samples: [{ value: siblingCount }],
    },
    {
      name: "berth_proxy_connection_migration",
      help: "1 if the kernel hands connections of a closing listener to the next proxy (net.ipv4.tcp_migrate_req), 0 if it resets them; absent where it cannot.",
      type: "gauge",
      samples: isMigrating === undefined ? [] : [{ value: Number(isMigrating) }],
    },
    {
      name: "berth_proxy_thread_cgroups",
      help: "1 while the kernel holds each instance's thread by a CPU control group of its own, 0 where that is off (--thread-cgroups) or cannot be.",
      type: "gauge",
      samples: [{ value: Number(host.hasThreadCgroups) }],
    },
    {
      name: "berth_proxy_synced",
      help: "1 once the node's pods and the profiles are known completely.",
      type: "gauge",
      samples: [{ value: Number(host.isSynced) }],
    },
    {
      name: "berth_proxy_refused_configurations_total",
      help: "Profiles and shares that made no sense and were not taken, each time one was met.",
      type: "counter",
      samples: [{ value: host.refusedConfigurations }],
    },
    {
      name: "berth_proxy_shares_version",
      help: "Of the shares that hold at present; absent without any.",
      type: "gauge",
      samples: host.sharesVersion === undefined ? [] : [{ value: host.sharesVersion }],
    },
    {
      name: "berth_proxy_shared_cpu_seconds_total",
      help: "CPU time of the host process that was in no instance's thread.",
      type: "counter",
      samples: [{ value: host.costs.sharedCpuSeconds }],
    },
    {
      name: "berth_proxy_shared_bytes",
      help: "Resident memory of the host process that no instance's thread owns.",
      type: "gauge",
      samples: [{ value: host.costs.sharedBytes }],
    },
    {
      name: "berth_proxy_process_cpu_seconds_total",
      help: "CPU time of the host process with all its threads.",
      type: "counter",
      samples: [{ value: (user + system) / 1e6 }],
    },
    {
      name: "berth_proxy_process_resident_bytes",
      help: "Resident memory of the host process with all its threads.",
      type: "gauge",
      samples: [{ value: process.memoryUsage.rss() }],
    },
  ];
}
