import assert from "node:assert/strict";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import type { ExitReason } from "./policy/instance-lifecycle.ts";
import { DEFAULT_WATCHDOG_LIMITS } from "./policy/watchdog.ts";
import { ProxyMetrics } from "./shell/metrics.ts";
import { usageReport } from "./shell/usage-report.ts";
import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { send, sendUntil } from "./testing/http-client.ts";
import { SteadyClient } from "./testing/steady-client.ts";

const HEAVY = "shop/heavy";
const SOUND = "shop/sound";
const MIB = 1024 ** 2;
const PRELOAD = new URL("./testing/process-fault-preload.ts", import.meta.url).href;

function pidOf(bed: HostBed, app: string): number {
  const pid = bed.instance(app).processIds[0];
  assert.ok(pid !== undefined, `${app} has no process of its own`);
  return pid;
}

test("an app with a process of its own is served, counted and metered like any other, its process's memory in full", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(HEAVY, app.port, {}, "process");
  await bed.serve(SOUND, app.port);
  assert.notEqual(pidOf(bed, HEAVY), process.pid);
  for (let count = 0; count < 20; count++) assert.equal((await send({ port: inbound })).statusCode, 200);
  await until(() => bed.instance(HEAVY).counters.read().inbound.responses["2xx"] === 20);
  const instance = bed.instance(HEAVY);
  assert.ok(instance.cpuSeconds > 0.01 && instance.memoryBytes > 5 * MIB);
  // All of the one is in the other, but for the program's code, which the host has in memory already.
  const { cpuSeconds = 0, residentBytes: held = 0, ownBytes } = instance.ownProcesses ?? {};
  assert.deepEqual([cpuSeconds, ownBytes], [instance.cpuSeconds, instance.memoryBytes]);
  assert.ok(held > instance.memoryBytes && held - instance.memoryBytes < 100 * MIB);

  const text = new ProxyMetrics(bed.host).render();
  assert.match(text, /^berth_proxy_instance_process_resident_bytes\{app="shop\/heavy"\} \d{8,}$/m);
  assert.doesNotMatch(text, /process_resident_bytes\{app="shop\/sound"\}/);
  // The node's use has both processes in it.
  const { user, system } = process.cpuUsage();
  const report = usageReport(bed.host);
  const heavy = report.instances.find((reported) => reported.app === HEAVY);
  assert.ok(report.cpuSeconds >= (user + system) / 1e6 + cpuSeconds);
  assert.ok(report.residentBytes > (heavy?.memoryBytes ?? Infinity));
  assert.equal(heavy?.requests, 20);
});

const ENDS: readonly (readonly [NodeJS.Signals, ExitReason, string])[] = [
  ["SIGABRT", "aborted", "an abort"],
  ["SIGUSR2", "out-of-memory", "a full heap"],
  ["SIGHUP", "stalled", "an endless loop"],
  ["SIGWINCH", "uncaught-error", "an error"],
];
for (const [signal, reason, what] of ENDS) {
  test(`a process of one app that ends by ${what} comes back, and no other app loses a request`, async (context) => {
    const watchdog = { ...DEFAULT_WATCHDOG_LIMITS, busyMs: 300 };
    const bed = new HostBed(context, { workerPreload: PRELOAD, watchdog });
    const app = await startApp(context);
    const heavy = await bed.serve(HEAVY, app.port, { memoryBytes: 80 * MIB }, "process");
    const sound = await bed.serve(SOUND, app.port);
    const neighbour = await bed.serve("shop/neighbour", app.port, {}, "process");
    assert.equal((await send({ port: heavy.inbound })).statusCode, 200);
    await until(() => bed.instance(HEAVY).counters.read().inbound.requests === 1);
    const clients = [new SteadyClient(sound.inbound), new SteadyClient(neighbour.inbound)];
    await until(() => clients.every(({ answered }) => answered > 20));

    process.kill(pidOf(bed, HEAVY), signal);
    await until(() => bed.instance(HEAVY).restarts.size > 0);
    assert.deepEqual([...bed.instance(HEAVY).restarts], [[reason, 1]]);
    await until(() => bed.instance(HEAVY).isServing);
    assert.deepEqual(bed.ports(HEAVY), heavy);
    assert.equal((await send({ port: heavy.inbound })).statusCode, 200);
    for (const client of clients) await client.stop();

    assert.deepEqual(
      clients.map(({ failed }) => failed),
      [0, 0],
    );
    assert.equal(bed.instance(SOUND).restarts.size + bed.instance("shop/neighbour").restarts.size, 0);
    // What the dead process counted is still on its app's account.
    await until(() => bed.instance(HEAVY).counters.read().inbound.requests === 2);
  });
}

test("a changed quota holds at once in a process of its own, and a changed heap replaces it without a lost request", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const limited = { requestsPerSecond: 0.01, burst: 1 };
  const { inbound } = await bed.serve(HEAVY, app.port, limited, "process");
  const pid = pidOf(bed, HEAVY);
  assert.equal((await send({ port: inbound })).statusCode, 200);
  assert.equal((await send({ port: inbound })).statusCode, 429);
  bed.settings(HEAVY, {}, "process");
  await sendUntil({ port: inbound }, ({ statusCode }) => statusCode === 200);
  assert.equal(pidOf(bed, HEAVY), pid);

  const client = new SteadyClient(inbound);
  bed.settings(HEAVY, { memoryBytes: 120 * MIB }, "process");
  await until(() => bed.instance(HEAVY).recycles === 1);
  const { answered } = client;
  await until(() => client.answered > answered + 20);
  await client.stop();
  assert.equal(client.failed, 0);
  assert.notEqual(pidOf(bed, HEAVY), pid);
});

test("an app is moved from a thread to a process of its own and back without a lost request", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const ports = await bed.serve(HEAVY, app.port);
  const client = new SteadyClient(ports.inbound);
  for (const [index, isolation] of (["process", "thread"] as const).entries()) {
    bed.settings(HEAVY, {}, isolation);
    await until(() => bed.instance(HEAVY).recycles === index + 1);
    assert.equal(bed.instance(HEAVY).isolation, isolation);
    const { answered } = client;
    await until(() => client.answered > answered + 20);
  }
  await client.stop();
  assert.equal(client.failed, 0);
  assert.deepEqual(bed.ports(HEAVY), ports);
  assert.equal(bed.instance(HEAVY).restarts.size, 0);
  await until(() => bed.instance(HEAVY).counters.read().inbound.responses["2xx"] === client.answered);
});

test("a CPU quota holds the whole process", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(HEAVY, app.port, { cpuMilli: 50 }, "process");
  const client = new SteadyClient(inbound);
  await until(() => bed.instance(HEAVY).counters.total("cpuHeldSeconds") > 0.1);
  bed.settings(HEAVY, {}, "process");
  const { answered } = client;
  await until(() => client.answered > answered + 50);
  await client.stop();
  assert.equal(client.failed, 0);
  assert.equal(bed.host.instance(HEAVY as AppName)?.restarts.size, 0);
});
