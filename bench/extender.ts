// The scheduler extender as a process of its own over real HTTP, on a cluster that the loopback API serves: how long a
// verb takes to be answered, how long a restart takes to rebuild, how much memory the ledger needs.

import { median } from "simple-statistics";
import { request } from "undici";
import { filterNodes, prioritizeNodes } from "#scheduler-extender/policy/verbs.ts";
import { DEFAULT_PROMISE_LIMITS } from "#scheduler-extender/policy/promise.ts";
import { ManagedProcess } from "#cli/start/managed-process.ts";
import { freePort } from "#cli/start/free-port.ts";
import { decodeNode } from "#kube/decode-node.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { PROXY_LABEL } from "#model/app.ts";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { systemClock } from "#runtime/clock.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { startFloor } from "./extender-floor.ts";
import { askVerbs, type Latencies } from "./extender-load.ts";
import { appOf, appPod, NAMESPACE, nodeNames, PODS_PER_NODE } from "./extender-objects.ts";
import { processCpuMs } from "./process-cpu.ts";
import { residentBytes } from "./resident-bytes.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";

const ROUNDS = 3;
const NODE_COUNTS = [500, 5_000] as const;
const CALLS = 1_000;
const CALLS_QUICK = 60;
/** Calls that fill caches and let the process compile what is hot: an extender in a cluster has been up for days. */
const CALLS_WARM_UP = 300;

export const extenderBench: Bench = {
  summary:
    "filter and prioritize over HTTP at 500 and 5,000 nodes, memory, and the time to rebuild after a restart",
  run,
};

async function run({ isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const names: Record<string, NamesFigures> = {};
  let last: Measured | undefined;
  for (const nodes of NODE_COUNTS) {
    progress(`${nodes} nodes`);
    last = await measure(nodes, isQuick ? CALLS_QUICK : CALLS);
    names[String(nodes)] = last.latencies;
  }
  const figures = {
    names,
    rssBytes: last?.rssBytes ?? null,
    rebuildSeconds: last?.rebuildSeconds ?? null,
    evaluationsPerDecisionP50: last?.evaluationsPerDecisionP50 ?? null,
    pods: NODE_COUNTS[1] * PODS_PER_NODE,
  };
  return { figures, table: table(figures) };
}

interface NamesFigures extends Latencies {
  /** Of the extender's process, for one filter and one prioritize, garbage collection included. */
  readonly cpuMsPerPod: number;
  /** A bare server's that sends the names back: what the machine takes for questions of this size. */
  readonly floor: Latencies;
}

interface Measured {
  readonly latencies: NamesFigures;
  readonly rssBytes: number;
  readonly rebuildSeconds: number;
  readonly evaluationsPerDecisionP50: number;
}

async function measure(nodeCount: number, calls: number): Promise<Measured> {
  const api = new LoopbackApi({ clock: systemClock() });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  fill(api, nodeCount);
  const [port, operationsPort] = [await freePort("127.0.0.1"), await freePort("127.0.0.1")];
  const extender = new ManagedProcess(
    {
      name: "extender",
      file: new URL("../scheduler-extender/main.ts", import.meta.url).pathname,
      args: [
        "--api-server",
        url,
        "--port",
        String(port),
        "--operations-port",
        String(operationsPort),
        // One replica, and nobody to wait for: taking a Lease is not what is measured.
        "--without-lease",
        "--log-level",
        "error",
      ],
    },
    { logLine: (_, line) => void process.stderr.write(`${line}\n`) },
  );
  try {
    const startedMs = performance.now();
    await extender.start();
    await untilReady(`http://127.0.0.1:${operationsPort}/readyz`);
    const rebuildSeconds = (performance.now() - startedMs) / 1000;
    const url = `http://127.0.0.1:${port}`;
    const rounds = await inRounds(url, { pid: extender.pid ?? 0, nodeCount, calls });
    const rssBytes = residentBytes(extender.pid ?? 0);
    return {
      latencies: rounds,
      rssBytes,
      rebuildSeconds,
      evaluationsPerDecisionP50: evaluations(api, nodeCount),
    };
  } finally {
    await extender.stop();
    await api.close();
  }
}

// The extender and the bare server take turns; of each figure the median of the rounds.
async function inRounds(
  url: string,
  {
    pid,
    nodeCount: nodes,
    calls,
  }: { readonly pid: number; readonly nodeCount: number; readonly calls: number },
): Promise<NamesFigures> {
  const floor = await startFloor();
  try {
    for (const at of [url, floor.url]) await askVerbs({ url: at, seed: 0, nodes, calls: CALLS_WARM_UP });
    const ours: Latencies[] = [];
    const floors: Latencies[] = [];
    const cpuMs: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      floors.push(await askVerbs({ url: floor.url, seed: round, nodes, calls }));
      const cpuBeforeMs = processCpuMs(pid);
      ours.push(await askVerbs({ url, seed: round, nodes, calls }));
      cpuMs.push((processCpuMs(pid) - cpuBeforeMs) / calls);
    }
    return { ...medians(ours), cpuMsPerPod: median(cpuMs), floor: medians(floors) };
  } finally {
    floor.child.kill();
  }
}

function medians(rounds: readonly Latencies[]): Latencies {
  const of = (figure: keyof Latencies): number => median(rounds.map((round) => round[figure]));
  return {
    filterMsP50: of("filterMsP50"),
    filterMsP99: of("filterMsP99"),
    prioritizeMsP50: of("prioritizeMsP50"),
    prioritizeMsP99: of("prioritizeMsP99"),
  };
}

function fill({ store }: LoopbackApi, nodeCount: number): void {
  store.create("namespaces", { metadata: { name: NAMESPACE } });
  store.create("namespaces", { metadata: { name: "berth-system" } });
  for (const [index, name] of nodeNames(nodeCount).entries()) {
    const size = { cpu: "32", memory: "128Gi", pods: "250" };
    store.create("nodes", { metadata: { name }, status: { capacity: size, allocatable: size } });
    store.create("pods", proxyPod(name));
    for (let pod = 0; pod < PODS_PER_NODE; pod++) {
      store.create("pods", appPod(`pod-${index}-${pod}`, appOf(index * PODS_PER_NODE + pod), name));
    }
  }
}

function proxyPod(nodeName: string): JsonObject {
  return {
    metadata: {
      name: `proxy-${nodeName}`,
      namespace: "berth-system",
      labels: { [PROXY_LABEL]: "berth" },
      annotations: { "berth.dev/proxy-base": '{"cpu":"100m","memory":"128Mi"}' },
    },
    spec: { nodeName, containers: [{ name: "proxy", resources: { requests: { cpu: "1", memory: "2Gi" } } }] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  };
}

async function untilReady(url: string): Promise<void> {
  for (;;) {
    const { statusCode, body } = await request(url);
    await body.dump();
    if (statusCode === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// Counted in a ledger of this process over the same objects: nodes looked up by filter and offered to the ranking.
class CountingLedger extends ClusterLedger {
  lookUps = 0;

  override node(name: NodeName): NodeLedger | undefined {
    this.lookUps++;
    return super.node(name);
  }

  override *nodesOfApp(app: AppName): Iterable<NodeLedger> {
    for (const node of super.nodesOfApp(app)) {
      this.lookUps++;
      yield node;
    }
  }
}

function evaluations({ store }: LoopbackApi, nodeCount: number): number {
  const ledger = new CountingLedger();
  for (const node of store.list("nodes")) ledger.upsertNode(decodeNode(node));
  for (const pod of store.list("pods")) ledger.upsertPod(decodePod(pod));
  const nodes = nodeNames(nodeCount) as readonly NodeName[];
  const context = { nowMs: 0, limits: DEFAULT_PROMISE_LIMITS };
  const counts: number[] = [];
  for (let call = 0; call < 20; call++) {
    const app = `${NAMESPACE}/${call % 2 === 0 ? appOf(call * 97) : `new-${call}`}` as AppName;
    const request = { cpuMilli: 500, memoryBytes: 1024 ** 3 };
    const pod = { uid: `count-${call}` as PodUid, app, request, ownerUid: undefined };
    ledger.lookUps = 0;
    const { passed } = filterNodes(ledger, { pod, nodes }, context);
    prioritizeNodes(ledger, { pod, nodes: passed }, context);
    counts.push(ledger.lookUps);
  }
  return median(counts);
}

function table(
  figures: Readonly<Record<string, unknown>> & { readonly names: Readonly<Record<string, NamesFigures>> },
): string {
  const cellsOf = (figure: Latencies): string =>
    [figure.filterMsP50, figure.filterMsP99, figure.prioritizeMsP50, figure.prioritizeMsP99]
      .map((ms) => ms.toFixed(2).padStart(10))
      .join(" ");
  const rows = Object.entries(figures.names).flatMap(([nodes, latencies]) => [
    `${nodes.padStart(6)} ${cellsOf(latencies)} ${latencies.cpuMsPerPod.toFixed(2).padStart(10)}`,
    ` floor ${cellsOf(latencies.floor)}`,
  ]);
  return [
    " nodes filter p50 filter p99   prio p50   prio p99    CPU/pod   (ms; floor: a bare server that echoes the names)",
    ...rows,
    `at ${NODE_COUNTS[1]} nodes with ${String(figures["pods"])} pods: ${(Number(figures["rssBytes"]) / 1024 ** 2).toFixed(0)} MiB resident, rebuilt in ${Number(figures["rebuildSeconds"]).toFixed(1)} s`,
  ].join("\n");
}
