import assert from "node:assert/strict";
import { Agent } from "node:http";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { freePort } from "#cli/start/free-port.ts";
import { PROXY_LABEL } from "#model/app.ts";
import { systemClock } from "#runtime/clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";

import { COMPANY_MS } from "./policy/departure.ts";
import { startApp } from "./testing/app-server.ts";
import { until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";
import { exitCode, register, servingPorts, startProxy } from "./testing/proxy-process.ts";
import type { ProxyProcess } from "./testing/proxy-process.ts";

async function startNext(
  context: TestContext,
  { controlPort }: ProxyProcess,
  flags: readonly string[] = [],
): Promise<ProxyProcess> {
  return startProxy(context, ["--control-port", String(controlPort), ...flags]);
}

async function metric({ controlPort }: ProxyProcess, series: string): Promise<number> {
  const text = (await send({ port: controlPort, path: "/metrics" })).body.toString();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

test("the next proxy takes over apps and ports, and no request on a kept connection fails", async (context) => {
  const app = await startApp(context);
  const old = await startProxy(context);
  const ports = await register(old.controlPort, app.port);
  const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const over = new AbortController();
  let sent = 0;
  const clients = agents.map(async (agent) => {
    while (!over.signal.aborted) {
      sent += 1;
      assert.equal((await send({ port: ports.inbound, agent })).statusCode, 200);
    }
    agent.destroy();
  });

  const next = await startNext(context, old);
  assert.equal(next.controlPort, old.controlPort);
  assert.equal(await metric(next, "berth_proxy_siblings"), 1);
  old.process.kill("SIGTERM");
  assert.equal(await exitCode(old), 0);
  const sentBefore = sent;
  await until(() => sent > sentBefore + 20);
  over.abort();
  await Promise.all(clients);

  assert.deepEqual(await servingPorts(next.controlPort), ports);
  assert.equal(await metric(next, "berth_proxy_siblings"), 0);
  // Both proxies' counts, the old one's included although it has gone.
  const labels = 'app="shop/cart",direction="inbound"';
  assert.equal(await metric(next, `berth_proxy_requests_total{${labels}}`), sent);
});

test("if the next proxy dies, the old one answers for the node again", async (context) => {
  const app = await startApp(context);
  const old = await startProxy(context);
  const ports = await register(old.controlPort, app.port);
  const next = await startNext(context, old);
  next.process.kill("SIGKILL");
  let answers: boolean;
  do {
    answers = await send({ port: old.controlPort, path: "/metrics" }).then(
      ({ body }) => body.toString().includes("\nberth_proxy_siblings 0\n"),
      () => false,
    );
  } while (!answers);
  assert.equal((await send({ port: old.controlPort, path: "/readyz" })).statusCode, 200);
  assert.equal((await send({ port: ports.inbound })).statusCode, 200);
});

test("a next proxy that is slow to make itself known is waited for: by its pod the old one knows that it comes", async (context) => {
  const api = new LoopbackApi({ clock: systemClock() });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  context.after(() => api.close());
  const createProxyPod = (name: string, started: boolean): void => {
    const status = { phase: "Running", containerStatuses: [{ name: "proxy", started }] };
    const spec = { nodeName: "n1", containers: [{ name: "proxy" }] };
    const labels = { [PROXY_LABEL]: "berth" };
    api.store.create("pods", { metadata: { name, namespace: "berth-system", labels }, spec, status });
  };
  createProxyPod("old-proxy", true);
  const app = await startApp(context);
  const cluster = ["--api-server", url, "--node-name", "n1"];
  const old = await startProxy(context, [...cluster, "--pod-name", "old-proxy"]);
  const inbound = await freePort("127.0.0.1");
  const outbound = await freePort("127.0.0.1");
  api.store.create("meshprofiles", {
    metadata: { name: "cart", namespace: "shop" },
    status: { ports: { inbound, outbound } },
  });
  await register(old.controlPort, app.port);
  const startUp = async (): Promise<number> =>
    (await send({ port: old.controlPort, path: "/startupz" })).statusCode;
  assert.equal(await startUp(), 200);

  createProxyPod("next-proxy", false);
  while ((await startUp()) === 200);
  old.process.kill("SIGTERM");
  const endedMs = performance.now();
  // Long enough for a proxy alone to have gone.
  while (performance.now() - endedMs < 3 * COMPANY_MS)
    assert.equal((await send({ port: inbound })).statusCode, 200);
  const next = await startNext(context, old, [...cluster, "--pod-name", "next-proxy"]);
  assert.equal(await exitCode(old), 0);
  assert.equal((await send({ port: next.controlPort, path: "/startupz" })).statusCode, 200);
  assert.equal((await send({ port: inbound })).statusCode, 200);
});

test("a proxy that ends alone takes new requests until those in progress are done", async (context) => {
  const held: ServerResponse[] = [];
  const app = await startApp(context, (request, response) => {
    if (request.url === "/hold") held.push(response);
    else response.end();
  });
  const proxy = await startProxy(context);
  const { inbound } = await register(proxy.controlPort, app.port);
  const inProgress = send({ port: inbound, path: "/hold" });
  await until(() => held.length === 1);
  proxy.process.kill("SIGTERM");
  let isReady = true;
  while (isReady) isReady = (await send({ port: proxy.controlPort, path: "/readyz" })).statusCode === 200;
  const agent = new Agent({ keepAlive: true });
  const meanwhile = await send({ port: inbound, agent });
  assert.equal(meanwhile.statusCode, 200);
  assert.equal(meanwhile.headers["connection"], "close");
  held[0]?.end("done");
  assert.equal((await inProgress).body.toString(), "done");
  assert.equal(await exitCode(proxy), 0);
});
