import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, Registry } from "prom-client";
import { createHttpServer } from "./http-server.ts";
import { silentLogger } from "./logger.ts";
import { operationsApi } from "./operations-api.ts";

test("a component is alive from the start, and ready when nothing keeps it from being so", async () => {
  const server = createHttpServer({ bodyBytesMax: 64, logger: silentLogger });
  let reasons: readonly string[] = ["the cluster is not listed yet", "not leading"];
  const registry = new Registry();
  new Counter({ name: "toys_total", help: "Toys.", registers: [registry] }).inc(3);
  await server.register(operationsApi, { registry, unreadyReasons: () => reasons });
  assert.equal((await server.inject("/livez")).body, "ok\n");
  const unready = await server.inject("/readyz");
  assert.equal(unready.statusCode, 503);
  assert.equal(unready.body, "the cluster is not listed yet\nnot leading\n");
  reasons = [];
  const ready = await server.inject("/readyz");
  assert.equal(ready.statusCode, 200);
  assert.equal(ready.body, "ok\n");
  const metrics = await server.inject("/metrics");
  assert.match(metrics.body, /^toys_total 3$/m);
  assert.equal(metrics.headers["content-type"], registry.contentType);
  await server.close();
});
