// The recommender's past from a real Prometheus: what it scrapes from a real proxy has the names that are asked for, and
// a day of those series teaches what it should.

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { type TestContext, test } from "node:test";
import type { AppName, NodeName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { HostBed } from "#proxy/testing/host-bed.ts";
import { UsageServer } from "#proxy/shell/usage-server.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { MIB } from "#test/builders/sizes.ts";
import { SizingModel } from "#vpa-recommender/policy/sizing-model.ts";
import { PrometheusClient } from "#vpa-recommender/shell/prometheus-client.ts";
import { ProxyHistory } from "#vpa-recommender/shell/proxy-history.ts";
import { VpaHistory } from "#vpa-recommender/shell/vpa-history.ts";
import { type PastSeries, prometheusMissing, RealPrometheus } from "./real-prometheus.ts";

const NODE = "node-1" as NodeName;
const CART = "shop/cart" as AppName;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SCRAPE_MS = 60_000;
const LIVE_MS_MAX = 90_000;
/** Prometheus joins blocks that were made for it with what it scrapes once that is some hours on. */
const PAST_ENDS_BEFORE_MS = 3 * HOUR_MS;

/** What a second of the proxy's life adds to each counter, and where each gauge stands. */
const RISES: Readonly<Record<string, number>> = {
  berth_proxy_process_cpu_seconds_total: 0.24,
  berth_proxy_instance_cpu_seconds_total: 0.14,
  berth_proxy_requests_total: 5,
  berth_proxy_instance_held_seconds_total: 0,
};
const LEVELS: Readonly<Record<string, number>> = {
  berth_proxy_process_resident_bytes: 368 * MIB,
  berth_proxy_pods: 2,
  berth_proxy_connections: 10,
  berth_proxy_instance_memory_bytes: 240 * MIB,
};
const ASKED = [...Object.keys(RISES), ...Object.keys(LEVELS)];

test(
  "a real proxy's metrics in a real Prometheus become history, and so do containers'",
  { skip: prometheusMissing() },
  async (t) => {
    const { host, port, text } = await realProxy(t);
    assert.ok(host.isSynced);
    const endMs = Math.floor((Date.now() - PAST_ENDS_BEFORE_MS) / SCRAPE_MS) * SCRAPE_MS;
    const past = [...proxyPast(text, endMs), ...containerPast(endMs)];
    await using prometheus = await RealPrometheus.start([{ port, labels: { node: NODE } }], past);
    const client = new PrometheusClient({ address: prometheus.address, queryMsMax: 30_000 });
    t.after(() => client.stop());
    await t.test("every metric that is asked for is scraped from the proxy, by node and app", () =>
      scraped(client),
    );
    await t.test("a day of them teaches what the node needs and what the app costs", () =>
      learns(client, endMs),
    );
    await t.test("containers' usage is read as upstream reads it", () => readsContainers(client, endMs));
    await t.test("a query that makes no sense is refused in Prometheus's own words", async () => {
      const question = { query: "sum(", startMs: endMs - HOUR_MS, endMs, stepMs: 60_000 };
      await assert.rejects(client.range(question), /bad_data/);
    });
  },
);

async function realProxy(t: TestContext): Promise<{
  readonly host: HostBed["host"];
  readonly port: number;
  readonly text: string;
}> {
  const bed = new HostBed(t);
  await bed.serve(CART, 1);
  const server = new UsageServer({ host: bed.host, logger: silentLogger });
  const port = await server.listen("127.0.0.1", 0);
  t.after(() => server.close());
  assert.ok(port !== undefined);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return { host: bed.host, port, text };
}

async function scraped(client: PrometheusClient): Promise<void> {
  const deadlineMs = Date.now() + LIVE_MS_MAX;
  const query = `count by (__name__, node) ({__name__=~"${ASKED.join("|")}",job="live"})`;
  for (;;) {
    const endMs = Date.now();
    const series = await client.range({ query, startMs: endMs - 10_000, endMs, stepMs: 1_000 });
    const names = series
      .filter(({ labels }) => labels["node"] === NODE)
      .map(({ labels }) => labels["__name__"]);
    if (names.length === ASKED.length) return assert.deepEqual(names.sort(), [...ASKED].sort());
    assert.ok(Date.now() < deadlineMs, `only ${names.join(", ")} were scraped`);
    await setTimeout(500);
  }
}

async function learns(prometheus: PrometheusClient, endMs: number): Promise<void> {
  const ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  ledger.upsertNode(aNode());
  ledger.upsertPod(aProxy());
  for (const name of ["cart-1", "cart-2"]) ledger.upsertPod(aPod({ name, node: NODE }));
  const model = new SizingModel();
  const verdicts = new Map<string, number>();
  const metrics = {
    historySample: (_: "proxies", verdict: string) =>
      void verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1),
  };
  const clock = new VirtualClock(endMs);
  const options = { nodeLabel: "node", ledger, model, clock, metrics, logger: silentLogger };
  await new ProxyHistory({ ...options, prometheus }).learn([NODE]);
  assert.deepEqual([...verdicts.keys()], ["taken"]);
  assert.ok((verdicts.get("taken") ?? 0) > 280, String(verdicts.get("taken")));
  const node = ledger.node(NODE);
  assert.ok(node !== undefined);
  const { cpuMilli, memoryBytes } = model.requiredNow(node, endMs);
  assert.ok(Math.abs(cpuMilli - 240) <= 3, String(cpuMilli));
  assert.ok(Math.abs(memoryBytes / MIB - 368) <= 3, String(memoryBytes));
  assert.ok((model.learnedOf(CART)?.samples ?? 0) > 280);
}

async function readsContainers(prometheus: PrometheusClient, endMs: number): Promise<void> {
  const clock = new VirtualClock(endMs);
  const span = { lengthMs: DAY_MS, resolutionMs: HOUR_MS };
  const history = new VpaHistory({ prometheus, clock, cadvisorJobName: "cadvisor", ...span });
  const selector = [{ key: "app.kubernetes.io/name", operator: "In", values: ["agent"] }];
  const faults: string[] = [];
  const samples = await history.read(
    { namespace: "logs", pods: ["agent-1"], selector },
    (fault) => void faults.push(fault),
  );
  assert.deepEqual(faults, []);
  // Of the pod that is there and the one that kube-state-metrics remembers, and of no other.
  assert.deepEqual([...new Set(samples.map(({ pod }) => pod))].sort(), ["agent-0", "agent-1"]);
  const cpu = samples.flatMap(({ cpuMilli }) => cpuMilli ?? []);
  const memory = samples.flatMap(({ memoryBytes }) => memoryBytes ?? []);
  assert.ok(cpu.length >= 2 * 23 && memory.length >= 2 * 23, `${cpu.length} ${memory.length}`);
  assert.ok(cpu.every((milli) => Math.abs(milli - 800) <= 1));
  assert.ok(memory.every((bytes) => bytes === 300 * MIB));
}

/** The proxy's own series as it tells them now, over a day that went evenly. */
function proxyPast(text: string, endMs: number): readonly PastSeries[] {
  const past = text.split("\n").flatMap((line): PastSeries[] => {
    const [, series = "", name = "", , labels = ""] = /^((\w+)(\{(.*)\})?) /.exec(line) ?? [];
    if (!ASKED.includes(name)) return [];
    // Traffic is told by direction; all of this is inbound.
    const isIdle = labels.includes('direction="outbound"');
    const withNode = `${name}{${[labels, `node="${NODE}"`].filter(Boolean).join(",")}}`;
    assert.ok(series.startsWith(name));
    return [
      evenSeries(withNode, endMs, (second) => (isIdle ? 0 : (LEVELS[name] ?? second * (RISES[name] ?? 0)))),
    ];
  });
  const names = new Set(past.map(({ series }) => series.split("{")[0]));
  assert.deepEqual([...names].sort(), [...ASKED].sort());
  return past;
}

function containerPast(endMs: number): readonly PastSeries[] {
  return ["agent-0", "agent-1", "other-1"].flatMap((pod) => {
    const of = `job="cadvisor",namespace="logs",pod="${pod}"`;
    const app = pod.startsWith("agent") ? "agent" : "other";
    return [
      evenSeries(
        `container_cpu_usage_seconds_total{${of},container="agent"}`,
        endMs,
        (second) => 0.8 * second,
      ),
      evenSeries(`container_cpu_usage_seconds_total{${of},container="POD"}`, endMs, (second) => second),
      evenSeries(`container_memory_working_set_bytes{${of},container="agent"}`, endMs, () => 300 * MIB),
      evenSeries(
        `kube_pod_labels{namespace="logs",pod="${pod}",label_app_kubernetes_io_name="${app}"}`,
        endMs,
        () => 1,
      ),
    ];
  });
}

function evenSeries(series: string, endMs: number, valueAt: (second: number) => number): PastSeries {
  const startMs = endMs - DAY_MS - HOUR_MS;
  const count = (endMs - startMs) / SCRAPE_MS + 1;
  const samples = Array.from({ length: count }, (_, index) => ({
    timeMs: startMs + index * SCRAPE_MS,
    value: valueAt((index * SCRAPE_MS) / 1000),
  }));
  return { series, samples };
}
