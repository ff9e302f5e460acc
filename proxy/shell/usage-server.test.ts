import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLogger } from "#runtime/logger.ts";

import { HostBed } from "../testing/host-bed.ts";
import { send } from "../testing/http-client.ts";
import { UsageServer } from "./usage-server.ts";

test("other machines read usage and metrics, and can change nothing", async (context) => {
  const { host } = new HostBed(context);
  const server = new UsageServer({ host, logger: silentLogger });
  const port = await server.listen("127.0.0.1", 0);
  context.after(() => server.close());
  assert.ok(port !== undefined);
  const usage = await send({ port, path: "/v1/usage" });
  const report = JSON.parse(usage.body.toString()) as Record<string, unknown>;
  assert.deepEqual(Object.keys(report), ["node", "cpuSeconds", "residentBytes", "instances"]);
  assert.match((await send({ port, path: "/metrics" })).body.toString(), /^berth_proxy_synced /m);
  assert.equal((await send({ port, path: "/v1/pods", method: "POST" })).statusCode, 404);
  assert.equal((await send({ port, path: "/v1/usage", method: "POST" })).statusCode, 404);
});

test("a port that cannot be had keeps no proxy from its work", async (context) => {
  const { host } = new HostBed(context);
  const server = new UsageServer({ host, logger: silentLogger });
  // An address of nobody (RFC 5737).
  assert.equal(await server.listen("192.0.2.1", 1), undefined);
});
