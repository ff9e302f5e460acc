import assert from "node:assert/strict";
import { afterEach, beforeEach, type TestContext, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { parse } from "yaml";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import type { AppName, NodeName } from "#model/brand.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { LatestUsage } from "#vpa-recommender/shell/latest-usage.ts";
import { serveUsage } from "#vpa-recommender/shell/usage-api.ts";
import { frame } from "./watching.ts";
import { systemClock } from "#runtime/clock.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import type { AppFigures, FleetTotals, NodeFigures } from "#web/policy/fleet-figures.ts";
import { runStatus } from "./status-command.ts";
import { runTop } from "./top-command.ts";

const MIB = 1024 ** 2;

let api: LoopbackApi;
let url: string;
let text: string;

// Two nodes of 4 CPUs and 4 GiB with a proxy each, and one without. cart: 50m and 100Mi an instance, 10m and 10Mi a pod.
beforeEach(async () => {
  text = "";
  api = new LoopbackApi({ clock: systemClock() });
  ({ url } = await api.listen({ host: "127.0.0.1", port: 0 }));
  const allocatable = { cpu: "4", memory: "4Gi", pods: "110" };
  for (const name of ["a", "b", "c"])
    api.store.create("nodes", { metadata: { name }, status: { allocatable } });
  const none = { cpu: "0", memory: "0" };
  const cost = { base: { cpu: "50m", memory: "100Mi" }, perPod: { cpu: "10m", memory: "10Mi" } };
  for (const name of ["cart", "web"])
    api.store.create("meshprofiles", {
      metadata: { namespace: "shop", name },
      spec: { cost: { ...cost, perConnection: none, perKiloRps: none } },
    });
  addProxy("a", "300m", "512Mi");
  addProxy("b", "140m", "200Mi");
  for (const [name, app, node] of [
    ["cart-1", "cart", "a"],
    ["cart-2", "cart", "a"],
    ["web-1", "web", "a"],
    ["cart-3", "cart", "b"],
    ["cart-4", "cart", undefined],
  ] as const)
    addPod(name, app, node);
});

afterEach(() => api.close());

function addProxy(nodeName: string, cpu: string, memory: string): void {
  api.store.create("pods", {
    metadata: {
      namespace: "berth-system",
      name: `proxy-${nodeName}`,
      labels: { [PROXY_LABEL]: "berth" },
      annotations: { "berth.dev/proxy-base": '{"cpu":"100m","memory":"128Mi"}' },
    },
    spec: { nodeName, containers: [{ name: "proxy", resources: { requests: { cpu, memory } } }] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  });
}

function addPod(name: string, app: string, nodeName: string | undefined): void {
  api.store.create("pods", {
    metadata: { namespace: "shop", name, labels: { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: app } },
    spec: {
      ...(nodeName === undefined ? {} : { nodeName }),
      containers: [{ name: "app", resources: { requests: { cpu: "100m", memory: "100Mi" } } }],
    },
    status: { phase: nodeName === undefined ? "Pending" : "Running" },
  });
}

const out = (part: string): void => void (text += part);
const status = (...argv: readonly string[]): Promise<void> =>
  runStatus([...argv, `--api-server=${url}`], out);
const top = (...argv: readonly string[]): Promise<void> => runTop([...argv, `--api-server=${url}`], out);

const TOTALS: FleetTotals = {
  nodes: 3,
  nodesWithReadyProxy: 2,
  nodesInMesh: 2,
  meshPods: 4,
  pendingMeshPods: 1,
  apps: 2,
  instances: 3,
  reuse: 4 / 3,
  proxies: { cpuMilli: 440, memoryBytes: 712 * MIB },
  // a: 100 + 2 · 50 + 3 · 10 and 128 + 2 · 100 + 3 · 10; b: 100 + 50 + 10 and 128 + 100 + 10.
  used: null,
  measured: 0,
  required: { cpuMilli: 230 + 160, memoryBytes: (358 + 238) * MIB },
  nodesShort: 1,
  leftOut: 0,
};

test("status tells nodes, pods, instances and what proxies have and need", async () => {
  await status("--output=json");
  const { missing, ...totals } = JSON.parse(text) as FleetTotals & { readonly missing: string };
  assert.deepEqual(totals, TOTALS);
  assert.match(missing, /^only what whole proxies use is known, from metrics.k8s.io: no recommender leads/);
});

test("as text it names the nodes that are short and the pods that wait", async () => {
  await status();
  assert.match(text, /^nodes +3, 2 with a ready proxy, 2 with mesh pods$/m);
  assert.match(text, /^mesh pods +4 of 2 apps, 1 more wait for a node$/m);
  assert.match(text, /^instances +3, reuse 1.33$/m);
  assert.match(text, /^short +1 node's proxy has less/m);
});

test("top nodes lists those with most pods first, each with what it has, needs and has left", async () => {
  await top("nodes", "-o", "yaml");
  const { totals, rows } = parse(text) as { totals: FleetTotals; rows: readonly NodeFigures[] };
  assert.deepEqual(totals, TOTALS);
  assert.deepEqual(
    rows.map(({ node, meshPods, apps, reuse }) => [node, meshPods, apps, reuse]),
    [
      ["a", 3, 2, 1.5],
      ["b", 1, 1, 1],
      ["c", 0, 0, null],
    ],
  );
  assert.deepEqual(rows[0]?.free, { cpuMilli: 4_000 - 300 - 300, memoryBytes: (4_096 - 300 - 512) * MIB });
  // What the proxy lacks is not free either.
  assert.deepEqual(rows[1]?.free, { cpuMilli: 4_000 - 100 - 160, memoryBytes: (4_096 - 100 - 238) * MIB });
});

test("rows are put in the order that is asked for, and no more are shown than wanted", async () => {
  const firstBy = async (sort: string): Promise<string> => {
    text = "";
    await top("nodes", `--sort=${sort}`, "--limit=1", "--output=json");
    const { rows } = JSON.parse(text) as { rows: readonly NodeFigures[] };
    assert.equal(rows.length, 1);
    return rows[0]?.node ?? "";
  };
  assert.equal(await firstBy("memory"), "a");
  assert.equal(await firstBy("reuse"), "b");
  assert.equal(await firstBy("free"), "a");
  assert.equal(await firstBy("name"), "a");
  text = "";
  await top("nodes", "--limit=1");
  assert.match(text, /^and 2 more: --limit$/m);
});

test("top apps tells pods, those that wait, instances and what these make their proxies need", async () => {
  await top("apps", "--output=json");
  const { rows } = JSON.parse(text) as { rows: readonly AppFigures[] };
  assert.deepEqual(rows, [
    {
      app: "shop/cart",
      pods: 3,
      pending: 1,
      instances: 2,
      reuse: 1.5,
      meshCost: { cpuMilli: 130, memoryBytes: 230 * MIB },
      used: null,
      requestsPerSecond: null,
      confidence: null,
    },
    {
      app: "shop/web",
      pods: 1,
      pending: 0,
      instances: 1,
      reuse: 1,
      meshCost: { cpuMilli: 60, memoryBytes: 110 * MIB },
      used: null,
      requestsPerSecond: null,
      confidence: null,
    },
  ]);
});

// As the recommender's leader answers: node a's proxy tells its instances apart, b's is known as a whole.
async function recommender(t: TestContext): Promise<void> {
  const latest = new LatestUsage();
  const one = { pods: 2, connections: 8.2, kiloRps: 0.04, isThrottled: true };
  const instances = new Map([
    ["shop/cart" as AppName, { ...one, used: { cpuMilli: 70.4, memoryBytes: 120 * MIB } }],
    ["shop/web" as AppName, { ...one, isThrottled: false, used: { cpuMilli: 20, memoryBytes: 130 * MIB } }],
  ]);
  latest.set("a" as NodeName, { timeMs: 0, used: { cpuMilli: 190, memoryBytes: 380 * MIB }, instances });
  latest.set("b" as NodeName, {
    timeMs: 0,
    used: { cpuMilli: 130, memoryBytes: 200 * MIB },
    instances: undefined,
  });
  const server = createHttpServer({ bodyBytesMax: 1_024, logger: silentLogger });
  serveUsage(server, { model: { learnedOf: () => undefined }, latest });
  const required = { cpuMilli: 150, memoryBytes: 210 * MIB };
  server.get("/recommendations", () => ({ items: [{ node: "b", required }] }));
  t.after(() => server.close());
  const base = await listen(server, { host: "127.0.0.1", port: 0 });
  api.setPodReach(({ name, port }) => (`${name}:${port}` === "rec:9091" ? base : undefined));
  const metadata = { namespace: "berth-system", name: "berth-vpa-recommender" };
  api.store.create("leases", { metadata, spec: { holderIdentity: "rec" } });
}

test("what proxies, apps and instances use now is what the recommender read last", async (t) => {
  await recommender(t);
  await top("nodes", "--output=json");
  const nodes = JSON.parse(text) as { totals: FleetTotals; rows: readonly NodeFigures[]; missing: null };
  assert.deepEqual(
    nodes.rows.map(({ used }) => used?.cpuMilli ?? null),
    [190, 130, null],
  );
  assert.deepEqual(
    [nodes.totals.used, nodes.totals.measured],
    [{ cpuMilli: 320, memoryBytes: 580 * MIB }, 2],
  );
  assert.equal(nodes.missing, null);
  // The recommender holds it to less than placement counts, so it is not short.
  assert.deepEqual(nodes.rows[1]?.required, { cpuMilli: 150, memoryBytes: 210 * MIB });
  text = "";
  await top("apps", "-o=json", "--sort=used-memory");
  const apps = JSON.parse(text) as { rows: readonly AppFigures[] };
  assert.deepEqual(
    apps.rows.map(({ app, used, requestsPerSecond }) => [app, used?.memoryBytes, requestsPerSecond]),
    [
      ["shop/web", 130 * MIB, 40],
      ["shop/cart", 120 * MIB, 40],
    ],
  );
  text = "";
  await top("instances", "--sort=used-cpu", "-n", "shop");
  const [head, ...rows] = text.split("\n\n")[1]?.trimEnd().split("\n") ?? [];
  assert.match(head ?? "", /^app +node +pods +needs memory +uses/);
  assert.deepEqual(
    rows.map((row) => row.replaceAll(/ {2,}/g, "|")),
    [
      "shop/cart|a|2|120.0 MiB|120.0 MiB|70m|70m|8|40.0|yes",
      "shop/web|a|1|110.0 MiB|130.0 MiB|60m|20m|8|40.0|no",
      "shop/cart|b|1|110.0 MiB|–|60m|–|–|–|–",
    ],
  );
});

test("only the apps of a namespace are listed where one is given", async () => {
  await top("apps", "-n=bank", "-o", "json");
  assert.deepEqual((JSON.parse(text) as { rows: unknown }).rows, []);
  await assert.rejects(top("nodes", "-n=bank"), /nodes are in no namespace/);
});

test("a look on a terminal is written over the last, and never longer or wider than it", () => {
  const shown = frame(`one\n${"x".repeat(30)}\n\u001B[33m${"y".repeat(30)}\u001B[0m\nfour\nfive\n`, {
    rows: 5,
    columns: 10,
  });
  const lines = stripVTControlCharacters(shown).trimEnd().split("\n");
  assert.deepEqual(lines, ["one", "xxxxxxxxx…", "yyyyyyyyy…", "… 2 more …"]);
  assert.ok(shown.startsWith("\u001B[H") && shown.endsWith("\u001B[J"));
});

test("a profile that makes no sense is left out and said, and the rest is shown", async () => {
  api.store.create("pods", {
    metadata: { namespace: "shop", name: "odd", labels: {} },
    spec: { nodeName: "a", containers: [{ name: "app", resources: { requests: { cpu: "a lot" } } }] },
  });
  await status();
  assert.match(text, /^left out +1 objects/m);
});

test("what to list has to be said, and an API server that is away is named without a stack", async () => {
  await assert.rejects(
    top("pods"),
    (error: Error) => error instanceof UsageError && /berth top nodes/.test(error.message),
  );
  await api.close();
  await assert.rejects(
    status(),
    (error: Error) => error instanceof UsageError && /does not list/.test(error.message),
  );
});
