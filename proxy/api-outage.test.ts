import assert from "node:assert/strict";
import { test } from "node:test";

import { freePort } from "#cli/start/free-port.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { systemClock } from "#runtime/clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";

import { ApiGate } from "./testing/api-gate.ts";
import { startApp } from "./testing/app-server.ts";
import { send } from "./testing/http-client.ts";
import { startProxy } from "./testing/proxy-process.ts";

const HOST = "127.0.0.1";

test("without the API server the proxy serves what it knows, and afterwards what joined meanwhile", async (context) => {
  const api = new LoopbackApi({ clock: systemClock() });
  const { url } = await api.listen({ host: HOST, port: 0 });
  context.after(() => api.close());
  const gate = new ApiGate(url);
  await gate.open();
  context.after(() => gate.shut());
  const app = await startApp(context);
  const join = async (name: string): Promise<number> => {
    const ports = { inbound: await freePort(HOST), outbound: await freePort(HOST) };
    const profile = { metadata: { name, namespace: "shop" }, spec: {}, status: { ports } };
    api.store.create("meshprofiles", profile);
    const labels = { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: name };
    api.store.create("pods", {
      metadata: { name: `${name}-1`, namespace: "shop", labels },
      spec: { nodeName: "n1", containers: [{ name, ports: [{ containerPort: app.port }] }] },
      status: { phase: "Running", podIP: HOST, conditions: [{ type: "Ready", status: "True" }] },
    });
    return ports.inbound;
  };
  const answer = async (port: number): Promise<number> =>
    send({ port }).then(
      ({ statusCode }) => statusCode,
      // Nobody listens there yet; the test's own timeout bounds the wait.
      () => 0,
    );

  const known = await join("cart");
  const proxy = await startProxy(context, ["--api-server", gate.url]);
  assert.equal(await answer(known), 200);

  gate.shut();
  const joined = await join("wish");
  for (let times = 0; times < 20; times++) assert.equal(await answer(known), 200);
  assert.equal((await send({ port: proxy.controlPort, path: "/livez" })).statusCode, 200);
  assert.equal(await answer(joined), 0);

  await gate.open();
  while ((await answer(joined)) !== 200) assert.equal(await answer(known), 200);
});
