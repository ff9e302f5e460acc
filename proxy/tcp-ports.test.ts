import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { freePort } from "#cli/start/free-port.ts";
import type { AppName } from "#model/brand.ts";
import type { Quota } from "#model/mesh-profile.ts";

import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";
import { RawClient } from "./testing/raw-client.ts";

const APP = "shop/store" as AppName;
const MIB = 1024 ** 2;

interface TcpApp {
  readonly port: number;
  readonly sockets: readonly Socket[];
}

async function startTcpApp(context: TestContext, serve: (socket: Socket) => void): Promise<TcpApp> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => socket.destroy());
    serve(socket);
  }).listen(0, "127.0.0.1");
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await until(() => server.listening);
  return { port: (server.address() as AddressInfo).port, sockets };
}

async function serveTcp(context: TestContext, podPort: number, quota: Quota = {}) {
  const bed = new HostBed(context);
  const { port } = await startApp(context);
  const listenPort = await freePort("127.0.0.1");
  bed.configure({ app: APP, quota, tcpPorts: [{ listenPort, podPort }] });
  bed.pod("store-0", { app: APP, port });
  await until(() => bed.host.instance(APP)?.isServing === true);
  const counts = () => bed.instance(APP).counters.read().inbound;
  return { bed, listenPort, counts };
}

const echo = (socket: Socket): void => void socket.pipe(socket);

test("bytes go both ways as they are, each side ends when it likes, and they are counted while they flow", async (context) => {
  const app = await startTcpApp(context, echo);
  const { bed, listenPort, counts } = await serveTcp(context, app.port);
  const client = new RawClient(context, listenPort);
  client.send("\0\x01 no HTTP \xff");
  await client.received("\0\x01 no HTTP \xff");
  await until(() => counts().bytesReceived === 12 && counts().bytesSent === 12);
  assert.deepEqual([counts().connections, counts().connectionsOpened, counts().requests], [1, 1, 0]);
  client.end();
  await client.closed();
  await until(() => counts().connections === 0);
  assert.deepEqual(counts().reasons, {});
  // The ports of HTTP are there as ever.
  assert.equal((await send({ port: bed.ports(APP).inbound })).statusCode, 200);
});

test("the quota of connections counts them, and a pod that does not accept is told by a reset", async (context) => {
  const app = await startTcpApp(context, echo);
  const { bed, listenPort, counts } = await serveTcp(context, app.port, { connections: 1 });
  const first = new RawClient(context, listenPort);
  first.send("a");
  await first.received("a");
  await new RawClient(context, listenPort).closed();
  assert.equal(counts().reasons.connectionsLimited, 1);

  bed.configure({ app: APP, tcpPorts: [{ listenPort, podPort: await freePort("127.0.0.1") }] });
  await until(() => bed.instance(APP).limits.connections === undefined);
  let failed = 0;
  while (failed === 0) {
    const client = new RawClient(context, listenPort);
    await client.closed().catch(() => undefined);
    failed = counts().reasons.connectFailed ?? 0;
  }
  // What was open before the change goes on.
  first.send("b");
  await first.received("ab");
});

test("a bandwidth is held by reading later, and all arrives", async (context) => {
  let arrived = 0;
  const app = await startTcpApp(context, (socket) => {
    socket.on("data", (bytes: Buffer) => {
      arrived += bytes.length;
    });
    socket.on("end", () => socket.end(`${arrived}`));
  });
  const { bed, listenPort } = await serveTcp(context, app.port, { receivedBytesPerSecond: 4 * MIB });
  const client = new RawClient(context, listenPort);
  client.socket.end(Buffer.alloc(2 * MIB));
  await client.received(`${2 * MIB}`);
  await until(() => bed.instance(APP).counters.total("bandwidthHeldSeconds") > 0.1);
});

test("a client that does not read stops the pod, and costs no memory", async (context) => {
  const chunk = Buffer.alloc(64 * 1024);
  const app = await startTcpApp(context, (socket) => {
    const write = (): void => {
      while (socket.write(chunk));
    };
    socket.on("drain", write);
    write();
  });
  const { bed, listenPort } = await serveTcp(context, app.port);
  const client = new RawClient(context, listenPort);
  client.socket.pause();
  let written = -1;
  await until(() => app.sockets.length === 1);
  // The kernel's buffers and ours are full when nothing more is taken between two heartbeats.
  const beats = () => bed.instance(APP).counters.get("beats");
  for (let before = beats(); ; before = beats()) {
    await until(() => beats() > before + 2);
    const now = app.sockets[0]?.bytesWritten ?? 0;
    if (now === written) break;
    written = now;
  }
  assert.ok(written < 32 * MIB, `${written} bytes were taken from the pod`);
  assert.ok(bed.instance(APP).counters.get("externalBytes") < 32 * MIB);
  client.destroy();
});

test("ports come and go with the profile, and one that is taken keeps nothing else from serving", async (context) => {
  const app = await startTcpApp(context, echo);
  const { bed, listenPort } = await serveTcp(context, app.port);
  const taken = await startTcpApp(context, echo);
  const other = await freePort("127.0.0.1");
  const ports = [taken.port, other].map((port) => ({ listenPort: port, podPort: app.port }));
  bed.configure({ app: APP, tcpPorts: ports });
  for (;;) {
    const client = new RawClient(context, other);
    client.send("x");
    await until(() => client.text === "x" || client.socket.destroyed);
    if (client.text === "x") break;
  }
  await assert.rejects(new RawClient(context, listenPort).closed(), /ECONNREFUSED/);
  assert.equal(bed.instance(APP).restarts.size, 0);
});

test("an app that wants to know its callers has no ports on which they need not say", async (context) => {
  const app = await startTcpApp(context, echo);
  const { bed, listenPort } = await serveTcp(context, app.port);
  const tcpPorts = [{ listenPort, podPort: app.port }];
  bed.configure({ app: APP, tcpPorts, callers: { withoutIdentity: "refuse" } });
  let isOpen = true;
  while (isOpen) {
    const client = new RawClient(context, listenPort);
    client.send("x");
    await until(() => client.text === "x" || client.socket.destroyed);
    isOpen = client.text === "x";
    client.destroy();
  }
});
