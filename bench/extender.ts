// The scheduler extender as a process of its own over real HTTP, on a cluster that the loopback API serves: how long a
// verb takes to be answered, how long a restart takes to rebuild, how much memory the ledger needs.

import { median, quantile } from "simple-statistics";
import { Pool, request } from "undici";
import { filterNodes, prioritizeNodes } from "#scheduler-extender/policy/verbs.ts";
import { DEFAULT_PROMISE_LIMITS } from "#scheduler-extender/policy/promise.ts";
import { ManagedProcess } from "#cli/start/managed-process.ts";
import { freePort } from "#cli/start/free-port.ts";
import { decodeNode } from "#kube/decode-node.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { systemClock } from "#runtime/clock.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { processCpuMs } from "./process-cpu.ts";
import { residentBytes } from "./resident-bytes.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";

const NODE_COUNTS = [500, 5_000] as const;
const PODS_PER_NODE = 20;
const PODS_PER_APP = 8;
const CALLS = 1_000;
const CALLS_QUICK = 60;
/** Calls that fill caches and let the process compile what is hot: an extender in a cluster has been up for days. */
const CALLS_WARM_UP = 300;
const NAMESPACE = "bench";

export const extenderBench: Bench = {
  summary:
    "filter and prioritize over HTTP at 500 and 5,000 nodes, memory, and the time to rebuild after a restart",
  run,
};

async function run({ isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const names: Record<string, Measured["latencies"]> = {};
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

interface Latencies {
  readonly filterMsP50: number;
  readonly filterMsP99: number;
  readonly prioritizeMsP50: number;
  readonly prioritizeMsP99: number;
}

interface Measured {
  readonly latencies: Latencies & {
    /** Of the extender's process, for one filter and one prioritize, garbage collection included. */
    readonly cpuMsPerPod: number;
  };
  readonly rssBytes: number;
  readonly rebuildSeconds: number;
  readonly evaluationsPerDecisionP50: number;
}

async function measure(nodeCount: number, calls: number): Promise<Measured> {
  const clock = systemClock();
  const api = new LoopbackApi({ clock });
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
    const names = nodeNames(nodeCount);
    await callVerbs(url, names, CALLS_WARM_UP);
    const cpuBeforeMs = processCpuMs(extender.pid ?? 0);
    const latencies = await callVerbs(url, names, calls);
    const cpuMsPerPod = (processCpuMs(extender.pid ?? 0) - cpuBeforeMs) / calls;
    const rssBytes = residentBytes(extender.pid ?? 0);
    return {
      latencies: { ...latencies, cpuMsPerPod },
      rssBytes,
      rebuildSeconds,
      evaluationsPerDecisionP50: evaluations(api, nodeCount),
    };
  } finally {
    await extender.stop();
    await api.close();
  }
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

function nodeNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `node-${String(index).padStart(5, "0")}`);
}

function appOf(podIndex: number): string {
  return `app-${Math.floor(podIndex / PODS_PER_APP)}`;
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

function appPod(name: string, app: string, nodeName?: string): JsonObject {
  return {
    metadata: { name, namespace: NAMESPACE, labels: { [APP_LABEL]: app, [MESH_LABEL]: MESH_ENABLED } },
    spec: {
      ...(nodeName === undefined ? {} : { nodeName }),
      containers: [{ name: "app", resources: { requests: { cpu: "500m", memory: "1Gi" } } }],
    },
    status: { phase: nodeName === undefined ? "Pending" : "Running" },
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

// Half of the pods join an app, half bring a new one: the two ways through the ranking.
async function callVerbs(url: string, nodes: readonly string[], calls: number): Promise<Latencies> {
  const pool = new Pool(url, { connections: 1 });
  const filterMs: number[] = [];
  const prioritizeMs: number[] = [];
  const random = new SeededRandom(1);
  try {
    for (let call = 0; call < calls; call++) {
      const app =
        call % 2 === 0 ? appOf(random.integer(nodes.length * PODS_PER_NODE)) : `new-${calls}-${call}`;
      const pod = withUid(appPod(`waiting-${calls}-${call}`, app), `uid-${calls}-${call}`);
      const body = JSON.stringify({ Pod: pod, Nodes: null, NodeNames: nodes });
      const filter = await post(pool, "/filter", body);
      const prioritize = await post(pool, "/prioritize", body);
      filterMs.push(filter);
      prioritizeMs.push(prioritize);
    }
  } finally {
    await pool.close();
  }
  return {
    filterMsP50: median(filterMs),
    filterMsP99: quantile(filterMs, 0.99),
    prioritizeMsP50: median(prioritizeMs),
    prioritizeMsP99: quantile(prioritizeMs, 0.99),
  };
}

function withUid(pod: JsonObject, uid: string): JsonObject {
  return { ...pod, metadata: { ...(pod["metadata"] as JsonObject), uid } };
}

async function post(pool: Pool, path: string, body: string): Promise<number> {
  const startedMs = performance.now();
  const answer = await pool.request({
    method: "POST",
    path,
    body,
    headers: { "content-type": "application/json" },
  });
  await answer.body.arrayBuffer();
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`);
  return performance.now() - startedMs;
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
  figures: Readonly<Record<string, unknown>> & { readonly names: Readonly<Record<string, Latencies>> },
): string {
  const rows = Object.entries(figures.names).map(([nodes, latencies]) => {
    const cells = Object.values(latencies).map((ms: number) => ms.toFixed(2).padStart(10));
    return `${nodes.padStart(6)} ${cells.join(" ")}`;
  });
  return [
    " nodes filter p50 filter p99   prio p50   prio p99  CPU/pod   (ms)",
    ...rows,
    `at ${NODE_COUNTS[1]} nodes with ${String(figures["pods"])} pods: ${(Number(figures["rssBytes"]) / 1024 ** 2).toFixed(0)} MiB resident, rebuilt in ${Number(figures["rebuildSeconds"]).toFixed(1)} s`,
  ].join("\n");
}
