import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import type { AppName, PodUid } from "#model/brand.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";

import { DEFAULT_LIFECYCLE_TIMES } from "../policy/instance-lifecycle.ts";
import { DEFAULT_WATCHDOG_LIMITS } from "../policy/watchdog.ts";
import { startApp } from "../testing/app-server.ts";
import { HostBed, until } from "../testing/host-bed.ts";
import { send } from "../testing/http-client.ts";
import { ProxyHost } from "./host.ts";
import type { HostMemory } from "./host-memory.ts";
import { DEFAULT_DATA_PATH_TIMES } from "./worker-messages.ts";

const APP = "shop/cart" as AppName;

test("an instance starts with its app's first pod and is shared by the next", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  await bed.serve(APP, app.port);
  const instance = bed.instance(APP);
  bed.pod("second", { app: APP, port: app.port });
  await until(() => bed.host.pods().length === 2);
  assert.equal(bed.host.instances.length, 1);
  assert.equal(bed.instance(APP), instance);
});

test("a pod that is not ready yet has its instance already, for what it calls while it starts", async (context) => {
  const bed = new HostBed(context);
  const destination = await startApp(context);
  bed.settings(APP);
  bed.pod("starting", { app: APP, port: undefined, condition: "unready" });
  await until(() => bed.host.instance(APP)?.isServing === true);
  const { outbound } = bed.ports(APP);
  const answer = await send({ port: outbound, path: `http://127.0.0.1:${destination.port}/` });
  assert.equal(answer.statusCode, 200);
});

test("an instance whose port is taken says so, and serves once the port is free", async (context) => {
  const bed = new HostBed(context);
  const taken = createServer().listen(0, "127.0.0.1");
  context.after(() => taken.close());
  await until(() => taken.listening);
  const { port } = taken.address() as AddressInfo;
  const { port: free } = await startApp(context);
  bed.cluster.listener.settingsSeen({ app: APP, quota: {}, ports: { inbound: port, outbound: 0 } });
  bed.pod("first", { app: APP, port: free });
  await until(() => (bed.host.instance(APP)?.restarts.get("bind-failed") ?? 0) >= 1);
  assert.match(bed.instance(APP).lastExit?.message ?? "", /EADDRINUSE/);
  taken.close();
  await until(() => bed.instance(APP).isServing);
  assert.equal(bed.ports(APP).inbound, port);
});

test("pods that a complete list does not have are gone", async (context) => {
  const bed = new HostBed(context);
  bed.pod("a", { app: APP, port: 1 });
  bed.pod("b", { app: APP, port: 1 });
  bed.cluster.listener.podsListed(new Set(["b" as PodUid]));
  assert.deepEqual(
    bed.host.pods().map(({ uid }) => uid),
    ["b"],
  );
});

test("a host that begins with what another remembered serves the same apps on the same ports", async (context) => {
  const app = await startApp(context);
  const options = {
    nodeName: "n1",
    nodeAddress: "127.0.0.1",
    clock: systemClock(),
    logger: silentLogger,
    lifecycle: DEFAULT_LIFECYCLE_TIMES,
    dataPath: DEFAULT_DATA_PATH_TIMES,
    watchdog: DEFAULT_WATCHDOG_LIMITS,
  };
  let memory: HostMemory | undefined;
  const before = new ProxyHost({ ...options, remember: (remembered) => void (memory = remembered) });
  before.start();
  const pod = {
    uid: "u" as PodUid,
    namespace: "shop",
    name: "cart-1",
    app: APP,
    address: "127.0.0.1",
    port: app.port,
  };
  before.hooked({ kind: "registered", pod, nowMs: 0 });
  await until(() => before.instance(APP)?.isServing === true);
  const ports = before.instance(APP)?.boundPorts;
  await before.drain();

  const after = new ProxyHost({ ...options, memory: JSON.parse(JSON.stringify(memory)) as HostMemory });
  after.start();
  context.after(() => after.drain());
  await until(() => after.instance(APP)?.isServing === true);
  assert.deepEqual(after.instance(APP)?.boundPorts, ports);
  assert.equal((await send({ port: ports?.inbound ?? 0 })).statusCode, 200);
});
