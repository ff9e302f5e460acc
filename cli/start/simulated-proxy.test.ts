import assert from "node:assert/strict";
import { test } from "node:test";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import type { AppName } from "#model/brand.ts";
import type { UsageReport } from "#proxy/shell/usage-report.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { NodeContents } from "#sim/audit/node-contents.ts";
import { ObjectStore } from "#sim/loopback/object-store.ts";
import { type ProxyCounters, usageBetween } from "#vpa-recommender/policy/usage-difference.ts";
import { dailyLoad, instanceTraffic, instanceUse } from "./app-truth.ts";
import { PROXY_BASE } from "./fleet.ts";
import { Scrape } from "./scrape.ts";
import { SimulatedProxy } from "./simulated-proxy.ts";

const CART = "shop/cart" as AppName;
const MINUTE_MS = 60_000;

function aNode() {
  const clock = new VirtualClock();
  const machine = new VirtualClock();
  const store = new ObjectStore({ clock });
  const contents = new NodeContents(store);
  const node = "node-7";
  const proxy = new SimulatedProxy({ node, contents, store, clock, machine, random: () => 0.5 });
  return {
    clock,
    machine,
    proxy,
    store,
    add: (name: string): void =>
      void store.create("pods", {
        metadata: {
          name,
          namespace: "shop",
          labels: { [APP_LABEL]: "cart", [MESH_LABEL]: MESH_ENABLED },
        },
        spec: { nodeName: node, containers: [{ name: "app" }] },
        status: { phase: "Running" },
      }),
    remove: (name: string): void => void store.delete("pods", { namespace: "shop", name }),
    look: (): ProxyCounters => countersOf(proxy.usage(), clock.nowMs()),
  };
}

// As the recommender reads it (vpa-recommender/shell/instance-source.ts).
function countersOf({ cpuSeconds, residentBytes, instances }: UsageReport, timeMs: number): ProxyCounters {
  return {
    timeMs,
    cpuSeconds,
    residentBytes,
    instances: new Map(instances.map(({ app, ...counters }) => [app as AppName, counters])),
  };
}

test("between two looks an instance used what its app's truth says, at the traffic that it had", () => {
  const { clock, add, look } = aNode();
  add("a");
  add("b");
  const before = look();
  clock.advanceTo(clock.nowMs() + MINUTE_MS);
  const after = look();
  const used = usageBetween(before, after, PROXY_BASE)?.instances.get(CART);
  const load = dailyLoad(clock.nowMs());
  const truth = instanceUse(CART, 2, load);
  assert.ok(used !== undefined);
  assert.ok(Math.abs(used.used.cpuMilli - truth.cpuMilli) < 0.01, `${used.used.cpuMilli}`);
  assert.equal(used.used.memoryBytes, truth.memoryBytes);
  assert.ok(Math.abs(used.kiloRps * 1000 - instanceTraffic(2, load).requestsPerSecond) < 0.1);
});

test("an instance whose last pod has gone is told no more, and a later one counts anew", () => {
  const { clock, add, remove, look } = aNode();
  add("a");
  look();
  clock.advanceTo(clock.nowMs() + MINUTE_MS);
  assert.ok((look().instances.get(CART)?.cpuSeconds ?? 0) > 0);
  remove("a");
  assert.equal(look().instances.size, 0);
  add("b");
  assert.equal(look().instances.get(CART)?.cpuSeconds, 0);
});

test("an instance has the version that the profile's record gives its node, for as long as it has it", () => {
  const { machine, store, add, proxy } = aNode();
  add("a");
  assert.deepEqual(proxy.releases().apps, []);
  const key = { namespace: "shop", name: "cart" };
  const profile = store.create("meshprofiles", { metadata: key, spec: { quota: { cpu: "1" } } });
  assert.deepEqual(
    proxy.releases().apps.map(({ app, version, ageMs }) => [app, version, ageMs]),
    [[CART, 1, 0]],
  );
  machine.advanceTo(machine.nowMs() + MINUTE_MS);
  const [settled] = proxy.releases().apps;
  assert.deepEqual([settled?.ageMs, (settled?.attempts ?? 0) > 0, settled?.errors], [MINUTE_MS, true, 0]);
  store.update("meshprofiles", { ...profile, spec: { quota: { cpu: "2" } } });
  const [changed] = proxy.releases().apps;
  assert.deepEqual([changed?.version, changed?.ageMs, changed?.attempts], [2, 0, 0]);
});

test("what people are told of throttling is that there is none", () => {
  const { clock, add, look, proxy } = aNode();
  add("a");
  look();
  clock.advanceTo(clock.nowMs() + MINUTE_MS);
  look();
  const scrape = new Scrape(proxy.metrics());
  assert.equal(scrape.sum("berth_proxy_instance_serving", { app: CART }), 1);
  assert.ok(scrape.sum("berth_proxy_requests_total", { app: CART }) > 0);
});
