// The recommender as a process of its own over real HTTP, at 5,000 nodes whose proxies serve 100 apps: what it costs, how
// long it takes to read and learn from all usage, how soon a placement is followed by a resize, and how soon that is so
// again after it was killed. Usage comes from metrics.k8s.io; proxies are not asked one by one, since there are none.

import { median, quantile } from "simple-statistics";
import { request } from "undici";
import { ManagedProcess } from "#cli/start/managed-process.ts";
import { freePort } from "#cli/start/free-port.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { parseCpuMilli } from "#model/quantity.ts";
import { systemClock } from "#runtime/clock.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { containersOf } from "#sim/loopback/pod-resources.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { parseSamples, sumOf } from "./metric-samples.ts";
import { processCpuMs } from "./process-cpu.ts";
import { residentBytes } from "./resident-bytes.ts";

interface Scale {
  readonly nodes: number;
  readonly usageSeconds: number;
  readonly usageRounds: number;
  readonly placements: number;
}

const FULL: Scale = { nodes: 5_000, usageSeconds: 60, usageRounds: 4, placements: 300 };
const QUICK: Scale = { nodes: 500, usageSeconds: 3, usageRounds: 3, placements: 30 };
const APPS = 100;
const APPS_PER_NODE = 10;
const PODS_PER_APP = 2;
const MIB = 1024 ** 2;
/** What ten apps of two pods call for by the default profile, and the headroom: nothing to resize at the start. */
const SIZE = { cpu: "1100m", memory: "2592Mi" };
/** Used, as a share of the same: what needs no correction. */
const USED = { cpuMilli: 870, memoryBytes: 2_060 * MIB };
const USAGE_NOISE = 0.04;
/** Of one app at once: more than the headroom of any proxy. */
const PODS_PLACED = 12;

export const recommenderBench: Bench = {
  summary:
    "the recommender's process at 5,000 nodes and 100 apps: cost, loop, writes, placed to resized, restart",
  run,
};

async function run({ isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const scale = isQuick ? QUICK : FULL;
  const fleet = new Fleet(scale);
  const [operationsPort, { url }] = [await freePort("127.0.0.1"), await fleet.listen()];
  const operations = `http://127.0.0.1:${operationsPort}`;
  const recommender = new ManagedProcess(
    {
      name: "recommender",
      file: new URL("../vpa-recommender/main.ts", import.meta.url).pathname,
      args: [
        `--api-server=${url}`,
        `--operations-port=${operationsPort}`,
        `--usage-interval-seconds=${scale.usageSeconds}`,
        "--log-level=error",
      ],
    },
    { logLine: (_, line) => void process.stderr.write(`${line}\n`) },
  );
  try {
    progress(`${scale.nodes} nodes: first start, until every proxy was told its shares`);
    await recommender.start();
    await fleet.untilQuiet();
    progress(`steady: ${scale.usageRounds} rounds of usage, ${scale.placements} placements meanwhile`);
    const steady = await steadyState(fleet, { operations, pid: recommender.pid ?? 0, scale });
    progress("killed and started again");
    const startedMs = performance.now();
    recommender.crash();
    await fleet.placeAndAwait();
    const warmRestartSeconds = (performance.now() - startedMs) / 1000;
    const figures = { nodes: scale.nodes, apps: APPS, ...steady, warmRestartSeconds };
    return { figures, table: table(figures) };
  } finally {
    await recommender.stop();
    await fleet.close();
  }
}

interface Steady {
  readonly cpuCores: number;
  readonly rssBytes: number;
  readonly loopSecondsP99: number;
  readonly planSecondsMean: number;
  readonly writesPerSecond: number;
  readonly bindToResizeMsP50: number;
  readonly bindToResizeMsP99: number;
}

interface Watched {
  readonly operations: string;
  readonly pid: number;
  readonly scale: Scale;
}

async function steadyState(fleet: Fleet, { operations, pid, scale }: Watched): Promise<Steady> {
  const [cpuBeforeMs, writesBefore, startedMs] = [processCpuMs(pid), fleet.writes, performance.now()];
  const endMs = startedMs + scale.usageRounds * scale.usageSeconds * 1000;
  const latencies: number[] = [];
  const loops: number[] = [];
  let [before, rss] = [await roundsOf(operations), 0];
  while (performance.now() < endMs) {
    const pauseMs = (endMs - startedMs) / scale.placements;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    latencies.push(await fleet.placeAndAwait());
    const now = await roundsOf(operations);
    if (now.count > before.count) loops.push((now.sum - before.sum) / (now.count - before.count));
    before = now;
    rss = Math.max(rss, residentBytes(pid));
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const { planSum, planCount } = before;
  return {
    cpuCores: (processCpuMs(pid) - cpuBeforeMs) / 1000 / seconds,
    rssBytes: rss,
    loopSecondsP99: quantile(loops, 0.99),
    planSecondsMean: planSum / planCount,
    writesPerSecond: (fleet.writes - writesBefore) / seconds,
    bindToResizeMsP50: median(latencies),
    bindToResizeMsP99: quantile(latencies, 0.99),
  };
}

async function roundsOf(operations: string) {
  const { body } = await request(`${operations}/metrics`);
  const samples = parseSamples(await body.text());
  const value = (name: string): number => sumOf(samples, `berth_recommender_${name}`);
  return {
    sum: value("usage_round_duration_seconds_sum"),
    count: value("usage_round_duration_seconds_count"),
    planSum: value("round_duration_seconds_sum"),
    planCount: value("round_duration_seconds_count"),
  };
}

/** Nodes, proxies and mesh pods on a loopback API of this process, with a usage that wavers and calls for nothing. */
class Fleet {
  readonly #api = new LoopbackApi({ clock: systemClock(), watchHistoryLength: 200_000 });
  readonly #random = new SeededRandom(1);
  readonly #scale: Scale;
  readonly #grown = new Map<string, () => void>();
  #writes = 0;
  #lastWriteMs = 0;
  #placed = 0;

  constructor(scale: Scale) {
    this.#scale = scale;
    this.#fill();
    const random = this.#random;
    const names = Array.from({ length: scale.nodes }, (_, index) => `proxy-${nodeName(index)}`);
    this.#api.setMetricsSource(() =>
      names.map((name) => {
        const wavers = 1 + USAGE_NOISE * (2 * random.next() - 1);
        const { cpuMilli, memoryBytes } = USED;
        return {
          namespace: "berth-system",
          name,
          cpuMilli: cpuMilli * wavers,
          memoryBytes: memoryBytes * wavers,
        };
      }),
    );
    this.#api.store.subscribe(({ resource, object }) => this.#changed(resource, object));
  }

  /** Changes of proxies and profiles, which nobody but the recommender makes. */
  get writes(): number {
    return this.#writes;
  }

  async listen(): Promise<{ url: string }> {
    return this.#api.listen({ host: "127.0.0.1", port: 0 });
  }

  async close(): Promise<void> {
    await this.#api.close();
  }

  /** Resolves once there were writes and then none for five seconds. */
  async untilQuiet(): Promise<void> {
    while (this.#writes === 0 || performance.now() - this.#lastWriteMs < 5_000)
      await new Promise((resolve) => setTimeout(resolve, 200));
  }

  /** Binds pods of an app that is new to its node; resolves when the node's proxy has grown, with the time it took. */
  async placeAndAwait(): Promise<number> {
    const node = nodeName((this.#placed * 7 + 3) % this.#scale.nodes);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#grown.set(`proxy-${node}`, resolve);
    const startedMs = performance.now();
    for (let pod = 0; pod < PODS_PLACED; pod++)
      this.#api.store.create("pods", appPod(`placed-${this.#placed}-${pod}`, `new-${this.#placed}`, node));
    this.#placed++;
    await promise;
    return performance.now() - startedMs;
  }

  #changed(resource: string, object: KubeObject): void {
    const isProxy = resource === "pods" && object.metadata.namespace === "berth-system";
    if (!isProxy && resource !== "meshprofiles") return;
    this.#writes++;
    this.#lastWriteMs = performance.now();
    const { name } = object.metadata;
    if (isProxy && cpuMilliOf(object) > parseCpuMilli(SIZE.cpu)) this.#grown.get(name)?.();
  }

  #fill(): void {
    const { store } = this.#api;
    for (const name of ["bench", "berth-system"]) store.create("namespaces", { metadata: { name } });
    for (let node = 0; node < this.#scale.nodes; node++) {
      const name = nodeName(node);
      const size = { cpu: "32", memory: "128Gi", pods: "250" };
      store.create("nodes", { metadata: { name }, status: { capacity: size, allocatable: size } });
      store.create("pods", proxyPod(name));
      for (let slot = 0; slot < APPS_PER_NODE; slot++) {
        const app = `app-${(node * 7 + slot * 11) % APPS}`;
        for (let pod = 0; pod < PODS_PER_APP; pod++)
          store.create("pods", appPod(`pod-${node}-${slot}-${pod}`, app, name));
      }
    }
  }
}

function nodeName(index: number): string {
  return `node-${String(index).padStart(5, "0")}`;
}

function cpuMilliOf(pod: KubeObject): number {
  const [container] = containersOf(pod);
  const resources = (container?.["resources"] ?? {}) as { readonly requests?: { readonly cpu?: string } };
  return parseCpuMilli(resources.requests?.cpu ?? "0");
}

function proxyPod(node: string): JsonObject {
  return {
    metadata: {
      name: `proxy-${node}`,
      namespace: "berth-system",
      labels: { [PROXY_LABEL]: "berth" },
      annotations: { "berth.dev/proxy-base": '{"cpu":"100m","memory":"128Mi"}' },
    },
    spec: { nodeName: node, containers: [{ name: "proxy", image: "berth", resources: { requests: SIZE } }] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  };
}

function appPod(name: string, app: string, node: string): JsonObject {
  return {
    metadata: { name, namespace: "bench", labels: { [APP_LABEL]: app, [MESH_LABEL]: MESH_ENABLED } },
    spec: {
      nodeName: node,
      containers: [{ name: "app", resources: { requests: { cpu: "500m", memory: "1Gi" } } }],
    },
    status: { phase: "Running" },
  };
}

function table(figures: Steady & { readonly nodes: number; readonly warmRestartSeconds: number }): string {
  return [
    `recommender at ${figures.nodes} nodes and ${APPS} apps, usage from metrics.k8s.io`,
    `  CPU                ${figures.cpuCores.toFixed(2)} cores`,
    `  resident           ${(figures.rssBytes / MIB).toFixed(0)} MiB`,
    `  usage loop p99     ${figures.loopSecondsP99.toFixed(2)} s`,
    `  writes             ${figures.writesPerSecond.toFixed(1)} /s`,
    `  placed to resized  ${figures.bindToResizeMsP50.toFixed(0)} ms p50, ${figures.bindToResizeMsP99.toFixed(0)} ms p99`,
    `  killed to resizing ${figures.warmRestartSeconds.toFixed(1)} s`,
  ].join("\n");
}
