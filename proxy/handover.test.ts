import assert from "node:assert/strict";
import { Agent } from "node:http";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { startApp } from "./testing/app-server.ts";
import { until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";
import { exitCode, register, servingPorts, startProxy } from "./testing/proxy-process.ts";
import type { ProxyProcess } from "./testing/proxy-process.ts";

async function startNext(context: TestContext, { controlPort }: ProxyProcess): Promise<ProxyProcess> {
  return startProxy(context, ["--control-port", String(controlPort)]);
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
