import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { silentLogger } from "#runtime/logger.ts";
import { ProxyAnswers, realProxyAnswer } from "./proxy-answers.ts";

const HOST = "127.0.0.1";

test("each address has its own proxy's answers, and nothing but those", async (t) => {
  const answers = new ProxyAnswers(new Map([[HOST, (path: string) => `of ${path}`]]), silentLogger);
  t.after(() => answers.close());
  const url = `http://${HOST}:${await answers.listen()}`;
  const usage = await fetch(`${url}/v1/usage`);
  assert.deepEqual([usage.status, await usage.text()], [200, "of /v1/usage"]);
  assert.equal(usage.headers.get("content-type"), "application/json");
  for (const [path, method] of [
    ["/v1/pods", "GET"],
    ["/v1/usage", "POST"],
    ["/toString", "GET"],
  ] as const)
    assert.equal((await fetch(url + path, { method })).status, 404, `${method} ${path}`);
});

test("a proxy that does not answer is said to be away, and the port stays", async (t) => {
  const broken = realProxyAnswer(() => "http://127.0.0.1:9", 1);
  const answers = new ProxyAnswers(new Map([[HOST, broken]]), silentLogger);
  t.after(() => answers.close());
  const url = `http://${HOST}:${await answers.listen()}`;
  for (let asked = 0; asked < 2; asked++) assert.equal((await fetch(`${url}/v1/usage`)).status, 503);
});

test("addresses that are not this machine's have no port", async () => {
  // Of nobody (RFC 5737).
  const answers = new ProxyAnswers(new Map([["192.0.2.1", () => ""]]), silentLogger);
  assert.equal(await answers.listen(), undefined);
});

test("a real proxy's counters are passed on in the fleet's time, so that rates stay as they are", async (t) => {
  const instance = {
    app: "shop/cart",
    pods: 2,
    connections: 3,
    requests: 10,
    cpuSeconds: 0.5,
    cpuHeldSeconds: 0.1,
    memoryBytes: 7,
  };
  const report = { node: "node-0", cpuSeconds: 2, residentBytes: 9, instances: [instance] };
  const releases = { node: "node-0", apps: [{ app: "shop/cart", version: 1, ageMs: 1_000 }] };
  const real = createServer(({ url }, reply) => {
    reply.end(JSON.stringify(url === "/v1/usage" ? report : releases));
  });
  t.after(() => real.close());
  await new Promise<void>((resolve) => real.listen(0, HOST, resolve));
  const answer = realProxyAnswer(() => `http://${HOST}:${(real.address() as AddressInfo).port}`, 60);
  const scaled = { ...instance, requests: 600, cpuSeconds: 30, cpuHeldSeconds: 6 };
  assert.deepEqual(JSON.parse(await answer("/v1/usage")), {
    ...report,
    cpuSeconds: 120,
    instances: [scaled],
  });
  assert.deepEqual(JSON.parse(await answer("/v1/releases")), releases);
});
