import assert from "node:assert/strict";
import { Agent } from "node:http";
import type { ServerResponse } from "node:http";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { send, sendUntil } from "./testing/http-client.ts";

const APP = "shop/cart";

test("a pod that leaves gets no new request and may finish what it has", async (context) => {
  const bed = new HostBed(context);
  const held: ServerResponse[] = [];
  const leaving = await startApp(context, (request, response) => {
    if (request.url === "/hold") held.push(response);
    else response.end();
  });
  const staying = await startApp(context);
  const { inbound } = await bed.serve(APP, leaving.port);
  const inProgress = send({ port: inbound, path: "/hold" });
  await until(() => held.length === 1);
  await send({ port: inbound });

  bed.pod("staying", { app: APP as AppName, port: staying.port });
  bed.pod(`${APP}-0`, { app: APP as AppName, port: leaving.port, condition: "draining" });
  // Its idle connection is closed at once, which shows that the worker has let go of the pod.
  await until(() => leaving.connections.some((socket) => socket.destroyed));
  const connectionsBefore = leaving.connections.length;
  for (let count = 0; count < 20; count++) assert.equal((await send({ port: inbound })).statusCode, 200);
  assert.equal(leaving.connections.length, connectionsBefore);
  assert.ok(staying.connections.length > 0);

  held[0]?.end("done");
  assert.equal((await inProgress).body.toString(), "done");
  await until(() => leaving.connections.every((socket) => socket.destroyed));
});

test("what a departed pod does not finish in time is given up", async (context) => {
  const bed = new HostBed(context, { dataPath: { drainTimeoutMs: 100 } });
  const app = await startApp(context, () => undefined);
  const { inbound } = await bed.serve(APP, app.port);
  const inProgress = send({ port: inbound });
  await until(() => app.connections.length === 1);
  bed.pod(`${APP}-1`, { app: APP as AppName, port: app.port });
  bed.pod(`${APP}-0`, { app: APP as AppName, port: app.port, condition: "draining" });
  const { statusCode, headers } = await inProgress;
  assert.equal(statusCode, 502);
  assert.equal(headers["x-berth-reason"], "upstream-closed");
});

test("the last pod serves while it leaves, and no longer once another is ready", async (context) => {
  const bed = new HostBed(context);
  const leaving = await startApp(context);
  const { inbound } = await bed.serve(APP, leaving.port);
  bed.pod(`${APP}-0`, { app: APP as AppName, port: leaving.port, condition: "draining" });
  // Whatever the worker has heard by now: until the other nodes have heard, requests come and are served.
  for (let times = 0; times < 20; times++) assert.equal((await send({ port: inbound })).statusCode, 200);
  const next = await startApp(context, (_request, response) => response.end("next"));
  bed.pod(`${APP}-1`, { app: APP as AppName, port: next.port });
  await sendUntil({ port: inbound }, ({ body }) => body.toString() === "next");
  for (let times = 0; times < 5; times++) {
    assert.equal((await send({ port: inbound })).body.toString(), "next");
  }
});

test("a drain lets every request in progress finish and tells its client to close", async (context) => {
  const bed = new HostBed(context);
  const held: ServerResponse[] = [];
  const app = await startApp(context, (_request, response) => void held.push(response));
  const { inbound } = await bed.serve(APP, app.port);
  const agent = new Agent({ keepAlive: true });
  const answers = Array.from({ length: 20 }, () => send({ port: inbound, agent, method: "POST", body: "x" }));
  await until(() => held.length === 20);
  const drained = bed.host.drain();
  await until(() => bed.instance(APP).state.phase.kind === "draining");
  for (const response of held) response.end("done");
  for (const answer of await Promise.all(answers)) {
    assert.equal(answer.body.toString(), "done");
    assert.equal(answer.headers.connection, "close");
  }
  await drained;
  assert.deepEqual(bed.host.instances, []);
  agent.destroy();
});

test("a drain is not held up by idle connections, and its timeout bounds what does not end", async (context) => {
  const bed = new HostBed(context, { lifecycle: { drainTimeoutMs: 700 } });
  const app = await startApp(context, (request, response) => {
    if (request.url === "/hang") return;
    response.end();
  });
  const idle = await bed.serve("shop/idle", app.port);
  const hanging = await bed.serve("shop/hanging", app.port);
  const agent = new Agent({ keepAlive: true });
  await send({ port: idle.inbound, agent });
  const cut = assert.rejects(send({ port: hanging.inbound, path: "/hang" }));
  await until(() => bed.instance("shop/hanging").counters.inFlight() === 1);
  const { restarts } = bed.instance("shop/idle");
  const hangingRestarts = bed.instance("shop/hanging").restarts;
  await bed.host.drain();
  await cut;
  assert.deepEqual([...restarts.keys()], []);
  assert.deepEqual([...hangingRestarts.keys()], ["drain-timeout"]);
  agent.destroy();
});

test("an instance lingers after its last pod, then goes, and comes back on the same ports while it lingers", async (context) => {
  const bed = new HostBed(context, { lifecycle: { lingerMs: 150 } });
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port);
  bed.podDeleted(`${APP}-0`);
  await until(() => bed.instance(APP).state.phase.kind === "lingering");
  await sendUntil({ port: inbound }, ({ headers }) => headers["x-berth-reason"] === "no-ready-pod");
  bed.pod("next", { app: APP as AppName, port: app.port });
  await until(() => bed.instance(APP).state.phase.kind === "serving");
  await sendUntil({ port: inbound }, ({ statusCode }) => statusCode === 200);
  bed.podDeleted("next");
  await until(() => bed.host.instances.length === 0);
  await assert.rejects(send({ port: inbound }), { code: "ECONNREFUSED" });
});
