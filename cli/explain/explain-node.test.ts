import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { MIB } from "#test/builders/sizes.ts";
import { serveRecommendations } from "#vpa-recommender/shell/recommendations-api.ts";
import { RecommenderBed, USAGE_INTERVAL_MS } from "#vpa-recommender/testing/recommender-bed.ts";
import { runExplainNode } from "./explain-node.ts";

async function served(t: TestContext, bed: RecommenderBed): Promise<string> {
  const server = createHttpServer({ bodyBytesMax: 1_024, logger: silentLogger });
  serveRecommendations(server, { sizing: bed.sizing, daemons: bed.keeper.daemons });
  t.after(() => server.close());
  return listen(server, { host: "127.0.0.1", port: 0 });
}

async function explained(...argv: readonly string[]): Promise<string> {
  let text = "";
  await runExplainNode(["node", ...argv], (part) => void (text += part));
  return text;
}

test("a node's proxy: each app's part, what was seen of it, headroom, room and the last change", async (t) => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  bed.join("search");
  await bed.pass(5_000);
  const url = await served(t, bed);
  const text = await explained("node-1", `--url=${url}`);
  assert.match(
    text,
    /^berth-system\/proxy-on-node-1, node proxy: has 280m 424Mi, its target is 280m 424Mi: right/,
  );
  assert.match(text, /shop\/cart +2 +50m 100Mi +20m 20Mi +70m 120Mi +given/);
  assert.match(text, /the proxy itself +100m 128Mi/);
  assert.match(text, /required +230m 358Mi\n/);
  assert.match(text, /times 1\.00 CPU, 1\.00 memory; placement counts 1\.00 CPU, 1\.00 memory/);
  assert.match(text, /the node has room for one of 3700m 8000Mi, 3420m 7576Mi more than it has/);
  assert.match(text, /last change: 2026-01-01T\S+ to 280m 424Mi: its headroom was used up/);
});

test("a proxy that its autoscaler caps below what its node calls for says so", async (t) => {
  await using bed = await RecommenderBed.start();
  bed.api.store.create("nodeproxyautoscalers", {
    metadata: { namespace: "berth-system", name: "proxies" },
    spec: { targetRef: { kind: "DaemonSet", name: "berth-proxy" }, max: { memory: "200Mi" } },
  });
  await bed.settle();
  bed.join("cart", 2);
  await bed.pass(2 * USAGE_INTERVAL_MS);
  const url = await served(t, bed);
  const text = await explained("node-1", `--url=${url}`);
  assert.match(text, /its autoscaler caps it at 200Mi of memory/);
  assert.match(text, /Short: it has less than its node calls for/);
  const reply = JSON.parse(await explained("node-1", `--url=${url}`, "--output=json")) as {
    proxy: { cap: unknown; conditions: unknown };
  };
  assert.deepEqual([reply.proxy.cap, reply.proxy.conditions], [{ memoryBytes: 200 * MIB }, ["Short"]]);
});

test("it is asked of the recommender that leads, through the API server", async (t) => {
  const asked: string[] = [];
  const api = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("content-type", "application/json");
    const isLease = request.url?.includes("/leases/") === true;
    response.end(
      JSON.stringify(isLease ? { spec: { holderIdentity: "rec-x" } } : { proxy: null, daemonSets: {} }),
    );
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    api.closeAllConnections();
    api.close();
  });
  const server = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  assert.equal(await explained("node-9", `--api-server=${server}`), "No node proxy is sized on node-9.\n");
  assert.deepEqual(asked, [
    "/apis/coordination.k8s.io/v1/namespaces/berth-system/leases/berth-vpa-recommender",
    "/api/v1/namespaces/berth-system/pods/rec-x%3A9091/proxy/recommendations/node-9",
  ]);
});

test("what cannot be answered is said", async (t) => {
  await using bed = await RecommenderBed.start();
  const url = await served(t, bed);
  await assert.rejects(explained(), new UsageError("say which node: berth explain node NAME"));
  await assert.rejects(explained("nowhere", `--url=${url}`), /nothing is sized on a node nowhere/);
  await assert.rejects(explained("node-1", "--url=http://127.0.0.1:1"), /does not answer/);
});
