import assert from "node:assert/strict";
import { Agent } from "node:http";
import type { ServerResponse } from "node:http";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { echoOf, send, sendUntil } from "./testing/http-client.ts";
import type { ClientAnswer } from "./testing/http-client.ts";
import { SteadyClient } from "./testing/steady-client.ts";

const APP = "shop/cart";
const MIB = 1024 ** 2;

test("requests above the burst are refused until the rate lets more in, in both directions together", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const quota = { requestsPerSecond: 0.01, burst: 4 };
  const { inbound, outbound } = await bed.serve(APP, app.port, quota);
  const path = `http://127.0.0.1:${app.port}/`;
  const statuses: number[] = [];
  for (let count = 0; count < 4; count++) {
    statuses.push(
      (await send({ port: inbound })).statusCode,
      (await send({ port: outbound, path })).statusCode,
    );
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 429, 429, 429, 429]);
  const refused = await send({ port: inbound });
  assert.equal(refused.headers["x-berth-reason"], "rate-limited");
  assert.ok(Number(refused.headers["retry-after"]) >= 90);
});

test("requests above the concurrency are refused while the others are in progress", async (context) => {
  const bed = new HostBed(context);
  const held: ServerResponse[] = [];
  const app = await startApp(context, (_request, response) => void held.push(response));
  const { inbound } = await bed.serve(APP, app.port, { concurrency: 2 });
  const answers = [send({ port: inbound }), send({ port: inbound })];
  await until(() => held.length === 2);
  const refused = await send({ port: inbound });
  assert.equal(refused.statusCode, 503);
  assert.equal(refused.headers["x-berth-reason"], "concurrency-limited");
  assert.equal(refused.headers["retry-after"], "1");
  for (const response of held) response.end();
  for (const answer of answers) assert.equal((await answer).statusCode, 200);
});

test("a request that waits for the concurrency is answered once another has ended", async (context) => {
  const bed = new HostBed(context);
  const held: ServerResponse[] = [];
  const app = await startApp(context, (_request, response) => void held.push(response));
  const { inbound } = await bed.serve(APP, app.port, { concurrency: 1, queue: 1 });
  const answers = [send({ port: inbound }), send({ port: inbound })];
  const isBoth = (): boolean => bed.instance(APP).counters.read().inbound.requests === 2;
  await until(() => held.length === 1 && isBoth());
  assert.equal((await send({ port: inbound })).headers["x-berth-reason"], "concurrency-limited");
  held[0]?.end();
  await until(() => held.length === 2);
  held[1]?.end();
  for (const answer of answers) assert.equal((await answer).statusCode, 200);
  assert.equal(bed.instance(APP).counters.read().inbound.queued, 1);
});

test("connections above the quota are closed", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port, { connections: 1 });
  const agent = new Agent({ keepAlive: true });
  assert.equal((await send({ port: inbound, agent })).statusCode, 200);
  await assert.rejects(send({ port: inbound }));
  assert.equal(bed.instance(APP).counters.read().inbound.reasons.connectionsLimited, 1);
  agent.destroy();
});

test("a changed quota holds at once, without a restart", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port, { requestsPerSecond: 0.01, burst: 1 });
  const options = { port: inbound };
  const isLimited = ({ statusCode }: ClientAnswer): boolean => statusCode === 429;
  assert.equal((await send(options)).statusCode, 200);
  assert.equal((await send(options)).statusCode, 429);
  bed.settings(APP, {});
  await sendUntil(options, (answer) => !isLimited(answer));
  bed.settings(APP, { requestsPerSecond: 0.01, burst: 1 });
  await sendUntil(options, isLimited);
  assert.equal((await send(options)).statusCode, 429);
  assert.equal(bed.instance(APP).restarts.size, 0);
});

test("a changed memory quota replaces the worker without losing a request", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const ports = await bed.serve(APP, app.port, { memoryBytes: 100 * MIB });
  const client = new SteadyClient(ports.inbound);
  await until(() => client.answered > 20);
  bed.settings(APP, { memoryBytes: 200 * MIB });
  await until(() => bed.instance(APP).recycles === 1);
  const { answered } = client;
  await until(() => client.answered > answered + 20);
  await client.stop();
  assert.equal(client.failed, 0);
  assert.deepEqual(bed.ports(APP), ports);
  assert.equal(bed.instance(APP).restarts.size, 0);
  // Nothing that the first worker counted is lost.
  await until(() => bed.instance(APP).counters.read().inbound.responses["2xx"] === client.answered);
});

test("an instance above its CPU quota is slow and loses nothing; once the quota goes it is fast again", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port, { cpuMilli: 100 });
  const client = new SteadyClient(inbound);
  await until(() => bed.instance(APP).counters.total("cpuHeldSeconds") > 0.1);
  bed.settings(APP, {});
  const { answered } = client;
  await until(() => client.answered > answered + 50);
  await client.stop();
  assert.equal(client.failed, 0);
});

test("an instance is held to its share, is lent what others leave, and never gets more than its cap", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve("shop/busy", app.port);
  await bed.serve("shop/idle", app.port);
  const share = (guaranteed: number, cap: number) => ({
    guaranteed: { cpuMilli: guaranteed, memoryBytes: 64 * MIB },
    cap: { cpuMilli: cap, memoryBytes: 128 * MIB },
  });
  const apps = new Map([
    ["shop/busy" as AppName, share(20, 60)],
    ["shop/idle" as AppName, share(80, 100)],
  ]);
  bed.host.sharesSeen({ version: 2, apps });
  const limit = (name: string): number | undefined => bed.instance(name).limits.cpuMilli;
  await until(() => limit("shop/busy") === 20 && limit("shop/idle") === 80);
  const client = new SteadyClient(inbound);
  await until(() => limit("shop/busy") === 60);
  await client.stop();
  assert.equal(client.failed, 0);
  // An older version that comes late changes nothing.
  bed.host.sharesSeen({ version: 1, apps: new Map() });
  assert.equal(bed.host.sharesVersion, 2);
  bed.host.sharesSeen(undefined);
  await until(() => limit("shop/busy") === undefined);
});

test("a bandwidth is held by reading later, and the body arrives whole", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port, { receivedBytesPerSecond: 4 * MIB });
  const body = Buffer.alloc(2 * MIB, "x");
  const answer = await send({ port: inbound, method: "POST", body });
  assert.equal(echoOf(answer).bodyBytes, body.length);
  await until(() => bed.instance(APP).counters.total("bandwidthHeldSeconds") > 0.1);
});

test("one app's quota leaves another app alone", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const limited = await bed.serve("shop/limited", app.port, { requestsPerSecond: 0.01, burst: 1 });
  const free = await bed.serve("shop/free", app.port);
  await send({ port: limited.inbound });
  assert.equal((await send({ port: limited.inbound })).statusCode, 429);
  for (let count = 0; count < 20; count++) assert.equal((await send({ port: free.inbound })).statusCode, 200);
});

test("what the instance counts is what its clients counted", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port, { requestsPerSecond: 0.01, burst: 20 });
  const sockets = new Set<{ readonly bytesRead: number; readonly bytesWritten: number }>();
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const body = Buffer.alloc(10_000, "x");
  const options = { port: inbound, agent, method: "POST", body, connected: sockets.add.bind(sockets) };
  const answers = await Promise.all(Array.from({ length: 30 }, () => send(options)));
  // Long before a connection ends, what it carried is on the account.
  await until(() => bed.instance(APP).counters.inFlight() === 0);
  assert.ok(bed.instance(APP).counters.read().inbound.bytesReceived >= 300_000);
  agent.destroy();
  await until(() => bed.instance(APP).counters.connections() === 0);

  const counts = bed.instance(APP).counters.read().inbound;
  const sum = (select: (socket: { bytesRead: number; bytesWritten: number }) => number): number =>
    [...sockets].reduce((total, socket) => total + select(socket), 0);
  assert.equal(counts.requests, 30);
  assert.equal(counts.responses["2xx"], answers.filter(({ statusCode }) => statusCode === 200).length);
  assert.equal(counts.responses["4xx"], answers.filter(({ statusCode }) => statusCode === 429).length);
  assert.deepEqual(counts.reasons, { rateLimited: 10 });
  assert.equal(counts.inFlight, 0);
  assert.equal(
    counts.bytesReceived,
    sum(({ bytesWritten }) => bytesWritten),
  );
  assert.equal(
    counts.bytesSent,
    sum(({ bytesRead }) => bytesRead),
  );
  assert.equal(counts.connectionsOpened, sockets.size);
});
