import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { RawClient } from "./testing/raw-client.ts";

const APP = "shop/cart";

/** Sends back what it gets, and ends when the other side does. */
async function startEcho(
  context: TestContext,
  greeted: (socket: Socket) => void = () => undefined,
): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    greeted(socket);
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test("CONNECT opens a tunnel, in which each side may end before the other", async (context) => {
  const bed = new HostBed(context);
  const port = await startEcho(context);
  const { outbound } = await bed.serve(APP, port);
  const client = new RawClient(context, outbound);
  // What comes right behind the head is the destination's.
  client.send(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: a\r\n\r\nfirst `);
  await client.received("HTTP/1.1 200 Connection Established\r\n\r\nfirst ");
  client.send("second");
  await client.received("second");
  client.end();
  await client.closed();
  await until(() => bed.instance(APP).counters.inFlight() === 0);
  const counts = bed.instance(APP).counters.read().outbound;
  assert.deepEqual(counts.reasons, {});
  assert.equal(counts.responses["2xx"], 1);
  assert.ok(counts.bytesReceived > 50);
});

test("a tunnel takes any amount of bytes both ways", async (context) => {
  const bed = new HostBed(context);
  const port = await startEcho(context);
  const { outbound } = await bed.serve(APP, port);
  const client = new RawClient(context, outbound);
  client.send(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await client.received("\r\n\r\n");
  const before = client.bytes;
  const size = 20_000_000;
  client.send("x".repeat(size));
  await until(() => client.bytes === before + size);
  client.destroy();
});

test("Node's own clients reach http:// destinations through the environment's proxy", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context, (request, response) => void response.end(`got ${request.url}`));
  const { outbound } = await bed.serve(APP, app.port);
  const script = `
    const url = "http://127.0.0.1:${app.port}/x";
    const text = await (await fetch(url)).text();
    const { get } = await import("node:http");
    get(url, (answer) => answer.on("data", (chunk) => console.log(text, "and", String(chunk))));
  `;
  const env = {
    PATH: process.env["PATH"],
    NODE_USE_ENV_PROXY: "1",
    HTTP_PROXY: `http://127.0.0.1:${outbound}`,
  };
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    env,
  });
  assert.equal(stdout.trim(), "got /x and got /x");
  assert.equal(bed.instance(APP).counters.read().outbound.requests, 2);
});

const HANDSHAKE =
  "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";

test("a WebSocket's handshake and frames pass, and what follows the handshake at once", async (context) => {
  const bed = new HostBed(context);
  const seen: string[] = [];
  const app = createServer((socket) => {
    socket.once("data", (head: Buffer) => {
      seen.push(head.toString());
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello ",
      );
      socket.pipe(socket);
    });
    socket.on("error", () => socket.destroy());
  });
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  context.after(() => app.close());
  const { inbound } = await bed.serve(APP, (app.address() as AddressInfo).port);
  const client = new RawClient(context, inbound);
  client.send(HANDSHAKE);
  await client.received("hello ");
  assert.match(
    client.text,
    /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n/,
  );
  client.send("\x81\x02hi");
  await client.received("\x81\x02hi");
  client.destroy();
  assert.match(seen[0] ?? "", /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/);
});

test("an app that does not switch protocols answers as usual", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port);
  const client = new RawClient(context, inbound);
  client.send(HANDSHAKE);
  await client.received('"url":"/chat"');
  assert.match(client.text, /^HTTP\/1\.1 200 OK/);
});

test("a drain ends tunnels only with its timeout, and does not wait for them before it stops listening", async (context) => {
  const bed = new HostBed(context, { lifecycle: { drainTimeoutMs: 400 } });
  const port = await startEcho(context);
  const { outbound } = await bed.serve(APP, port);
  const client = new RawClient(context, outbound);
  client.send(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await client.received("\r\n\r\n");
  bed.instance(APP).retire();
  await until(() => bed.instance(APP).isSettled);
  client.send("still open");
  await client.received("still open");
  await bed.host.drain();
  await client.closed();
});
