import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { AppName, NodeName } from "#model/brand.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { MIB } from "#test/builders/sizes.ts";
import { RecommenderBed, USAGE_INTERVAL_MS } from "../testing/recommender-bed.ts";
import { LatestUsage } from "./latest-usage.ts";
import { serveUsage, type UsageReply, type UsageSources } from "./usage-api.ts";

async function served(t: TestContext, sources: UsageSources): Promise<(path: string) => Promise<unknown>> {
  const server = createHttpServer({ bodyBytesMax: 1_024, logger: silentLogger });
  serveUsage(server, sources);
  t.after(() => server.close());
  const url = await listen(server, { host: "127.0.0.1", port: 0 });
  return async (path) => (await fetch(`${url}${path}`)).json();
}

test("what proxies used at the last reading is told, and what that taught of an app", async (t) => {
  await using bed = await RecommenderBed.start();
  const get = await served(t, bed);
  assert.deepEqual(await get("/usage"), { items: [] });
  assert.deepEqual(await get("/apps/shop/cart"), { app: "shop/cart", learned: null, instances: [] });
  bed.join("cart", 2);
  const used = { cpuMilli: 170, memoryBytes: 248 * MIB };
  bed.api.setMetricsSource(() => [{ namespace: "berth-system", name: "proxy-on-node-1", ...used }]);
  await bed.pass(3 * USAGE_INTERVAL_MS);
  const { items } = (await get("/usage?instances=true")) as UsageReply;
  const [{ timeMs = 0, ...one } = {}] = items;
  assert.deepEqual([one, items.length], [{ node: "node-1", ...used, instances: null }, 1]);
  assert.ok(bed.clock.nowMs() - timeMs <= USAGE_INTERVAL_MS);
  const { learned } = (await get("/apps/shop/cart")) as {
    readonly learned: { readonly from: string } | null;
  };
  assert.equal(learned?.from, "totals");
  bed.api.store.delete("nodes", { name: "node-1" });
  await bed.settle();
  assert.deepEqual(await get("/usage"), { items: [] });
});

test("a proxy that tells its instances apart is told by app, where that is asked for", async (t) => {
  const latest = new LatestUsage();
  const instances = new Map([
    [
      "shop/cart" as AppName,
      { pods: 2, connections: 5, kiloRps: 0.03, used: { cpuMilli: 40, memoryBytes: MIB }, isThrottled: true },
    ],
  ]);
  latest.set("a" as NodeName, { timeMs: 7, used: { cpuMilli: 90, memoryBytes: 2 * MIB }, instances });
  const get = await served(t, { model: { learnedOf: () => undefined }, latest });
  const cart = {
    pods: 2,
    connections: 5,
    requestsPerSecond: 30,
    cpuMilli: 40,
    memoryBytes: MIB,
    isThrottled: true,
  };
  const total = { node: "a", timeMs: 7, cpuMilli: 90, memoryBytes: 2 * MIB };
  assert.deepEqual(await get("/usage"), { items: [total] });
  assert.deepEqual(await get("/usage?instances=true"), {
    items: [{ ...total, instances: { "shop/cart": cart } }],
  });
  assert.deepEqual(await get("/apps/shop/cart"), {
    app: "shop/cart",
    learned: null,
    instances: [{ node: "a", timeMs: 7, ...cart }],
  });
});
