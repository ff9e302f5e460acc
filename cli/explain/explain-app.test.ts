import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import type { AppName, NodeName } from "#model/brand.ts";
import { DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import { systemClock } from "#runtime/clock.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { MIB } from "#test/builders/sizes.ts";
import type { LearnedApp } from "#vpa-recommender/policy/sizing-model.ts";
import { LatestUsage } from "#vpa-recommender/shell/latest-usage.ts";
import { serveUsage } from "#vpa-recommender/shell/usage-api.ts";
import type { AppExplanation } from "#web/policy/app-explanation.ts";
import { runExplainApp } from "./explain-app.ts";

const CART = "shop/cart" as AppName;
const LEARNED: LearnedApp = {
  cost: { ...DEFAULT_APP_COST, base: { cpuMilli: 31.25, memoryBytes: 90 * MIB } },
  confidence: 0.93,
  samples: 4_310,
  from: "instances",
};

interface Bed {
  readonly api: LoopbackApi;
  readonly latest: LatestUsage;
  readonly explain: (...argv: readonly string[]) => Promise<string>;
}

// Two nodes: cart has two pods on a and one on b, and one that waits. a's proxy answers, b's does not.
async function bed(t: TestContext): Promise<Bed> {
  const api = new LoopbackApi({ clock: systemClock() });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  const latest = new LatestUsage();
  const server = createHttpServer({ bodyBytesMax: 1_024, logger: silentLogger });
  serveUsage(server, { model: { learnedOf: (app) => (app === CART ? LEARNED : undefined) }, latest });
  const recommender = await listen(server, { host: "127.0.0.1", port: 0 });
  const proxy = createServer((_, response) => void response.end(METRICS));
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    await api.close();
    await server.close();
    proxy.closeAllConnections();
    proxy.close();
  });
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const reached: Readonly<Record<string, string>> = { "rec:9091": recommender, "proxy-a:9093": proxyUrl };
  api.setPodReach(({ name, port }) => reached[`${name}:${port}`]);
  fill(api);
  const explain = async (...argv: readonly string[]): Promise<string> => {
    let text = "";
    await runExplainApp(["app", ...argv, `--api-server=${url}`], (part) => void (text += part));
    return text;
  };
  return { api, latest, explain };
}

const METRICS = [
  'berth_proxy_instance_serving{app="shop/cart"} 1',
  'berth_proxy_requests_total{app="shop/cart",direction="inbound"} 900',
  'berth_proxy_requests_total{app="shop/web",direction="inbound"} 7',
  'berth_proxy_throttled_requests_total{app="shop/cart",direction="inbound",reason="rate-limited"} 12',
  'berth_proxy_instance_held_seconds_total{app="shop/cart"} 3.5',
  'berth_proxy_instance_cpu_limit_cores{app="shop/cart"} 0.25',
  "",
].join("\n");

function fill({ store }: LoopbackApi): void {
  const holder = { spec: { holderIdentity: "rec" } };
  store.create("leases", {
    metadata: { namespace: "berth-system", name: "berth-vpa-recommender" },
    ...holder,
  });
  const share = (cpuMilli: number, memoryBytes: number) => ({ cpuMilli, memoryBytes });
  const apps = { [CART]: { guaranteed: share(100, 200 * MIB), cap: share(500, 400 * MIB) } };
  for (const name of ["a", "b"]) {
    const allocatable = { cpu: "4", memory: "4Gi", pods: "110" };
    store.create("nodes", { metadata: { name }, status: { allocatable } });
    store.create("pods", {
      metadata: {
        namespace: "berth-system",
        name: `proxy-${name}`,
        labels: { [PROXY_LABEL]: "berth" },
        annotations: { "berth.dev/shares": JSON.stringify({ version: 1, apps }) },
      },
      spec: {
        nodeName: name,
        containers: [{ name: "proxy", resources: { requests: { cpu: "1", memory: "1Gi" } } }],
      },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    });
  }
  store.create("meshprofiles", {
    metadata: { namespace: "shop", name: "cart", generation: 3 },
    spec: {
      cost: { base: { cpu: "50m", memory: "100Mi" } },
      quota: { requestsPerSecond: 100, cpu: "250m" },
      placement: { maxPodsPerNode: 4 },
    },
    status: { ports: { inbound: 20_000, outbound: 20_001 } },
  });
  for (const [name, nodeName] of [
    ["cart-1", "a"],
    ["cart-2", "a"],
    ["cart-3", "b"],
    ["cart-4", undefined],
  ] as const)
    store.create("pods", {
      metadata: { namespace: "shop", name, labels: { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: "cart" } },
      spec: { ...(nodeName !== undefined && { nodeName }), containers: [{ name: "app" }] },
      status: { phase: nodeName === undefined ? "Pending" : "Running" },
    });
}

const USAGE = { pods: 2, connections: 8, kiloRps: 0.04, isThrottled: false };

test("an app: nodes, learned costs with their confidence, quota, what is lent and borrowed, and what was refused", async (t) => {
  const { latest, explain } = await bed(t);
  const used = { cpuMilli: 160, memoryBytes: 150 * MIB };
  latest.set("a" as NodeName, { timeMs: 0, used, instances: new Map([[CART, { ...USAGE, used }]]) });
  const app = JSON.parse(await explain("shop/cart", "-o", "json")) as AppExplanation;
  assert.deepEqual([app.pods, app.pending, app.reuse, app.profile], [3, 1, 1.5, "own"]);
  assert.deepEqual(app.costs.learned, { ...LEARNED });
  assert.deepEqual([app.costs.charged, app.costs.unit.base.memoryBytes], ["given", 100 * MIB]);
  assert.deepEqual(
    [app.quota, app.placement],
    [{ cpuMilli: 250, requestsPerSecond: 100 }, { maxPodsPerNode: 4 }],
  );
  assert.deepEqual(app.lending, {
    guaranteed: { cpuMilli: 100, memoryBytes: 200 * MIB },
    borrowed: { cpuMilli: 60, memoryBytes: 0 },
    lendable: { cpuMilli: 0, memoryBytes: 50 * MIB },
  });
  const [a, b] = app.instances;
  assert.deepEqual([a?.node, a?.pods, a?.used?.requestsPerSecond], ["a", 2, 40]);
  assert.deepEqual(a?.throttling, {
    refused: { "rate-limited": 12 },
    requests: 900,
    heldSeconds: 3.5,
    cpuLimitCores: 0.25,
  });
  assert.deepEqual([b?.node, b?.used, b?.throttling], ["b", null, null]);
  assert.match(
    app.missing.join(),
    /^what the proxies refused and held back \(nothing serves berth-system\/proxy-b/,
  );
  const text = await explain("cart", "-n", "shop", "--output=wide");
  assert.match(
    text,
    /^shop\/cart: 3 pods on 2 nodes, an instance on each: reuse 1\.50, 1 more wait for a node$/m,
  );
  assert.match(text, /learned from 4310 readings of its instances, known to 0\.93/);
  assert.match(
    text,
    /throttling +900 requests, refused 12 \(rate-limited\); held back for 3\.5 s \(1 of 2 instances asked\)/,
  );
  assert.match(text, /^ +learned +31\.3m 90\.0 MiB/m);
  assert.deepEqual(parse(await explain("shop/cart", "-o=yaml")), app);
});

test("without the recommender the rest is told, and what is not known", async (t) => {
  const { api, explain } = await bed(t);
  api.store.delete("leases", { namespace: "berth-system", name: "berth-vpa-recommender" });
  const text = await explain("shop/cart");
  assert.match(text, /not known: what the recommender learned and measured \(no recommender leads/);
  assert.match(text, /nothing is learned yet/);
});

test("an app that nobody runs and nobody described is none", async (t) => {
  const { explain } = await bed(t);
  await assert.rejects(
    explain("shop/nobody"),
    (error) => error instanceof UsageError && /there is no app shop\/nobody/.test(error.message),
  );
});
