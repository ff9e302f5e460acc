import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect } from "node:http2";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";
import { startHttp2App } from "./testing/http2-app.ts";
import { RawClient } from "./testing/raw-client.ts";

const APP = "shop/cart";
/** A tenth of it is for both sides to say goodbye, on a machine that has other things to do as well. */
const DRAIN_MS = 2_000;
const HANDSHAKE =
  "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";
const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const GOING_AWAY = "\x88\x02\x03\xe9";
/** A client's answer to it; the mask is of zeros. */
const CLOSE_ANSWERED = "\x88\x82\0\0\0\0\x03\xe9";

function bedOf(context: TestContext): HostBed {
  return new HostBed(context, {
    lifecycle: { drainTimeoutMs: DRAIN_MS },
    dataPath: { drainTimeoutMs: DRAIN_MS },
  });
}

/** Switches protocols and does with the rest as it is told. */
async function startWebSocketApp(context: TestContext, opened: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      socket.write(SWITCHED);
      opened(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test("a WebSocket goes on through a drain, is told between two messages that the server goes away, and closes as its ends agree", async (context) => {
  const bed = bedOf(context);
  let heard = "";
  const port = await startWebSocketApp(context, (socket) => {
    socket.on("data", (bytes: Buffer) => {
      heard += bytes.toString("latin1");
      if (heard.endsWith(CLOSE_ANSWERED)) socket.end(GOING_AWAY, "latin1");
      else socket.write(bytes);
    });
  });
  const { inbound } = await bed.serve(APP, port);
  const client = new RawClient(context, inbound);
  client.send(HANDSHAKE);
  await client.received(SWITCHED);
  const drained = bed.host.drain();
  client.send("\x81\x82\0\0\0\0hi");
  await client.received("\x81\x82\0\0\0\0hi");
  await client.received(GOING_AWAY);
  client.send(CLOSE_ANSWERED);
  await client.closed();
  await drained;
  assert.equal(heard, `\x81\x82\0\0\0\0hi${CLOSE_ANSWERED}`, "the app learns it from its client");
  assert.ok(client.text.endsWith(`hi${GOING_AWAY}`), "and its own farewell is one too many");
});

test("a WebSocket in the middle of a message is waited for until the last call, and told then between two frames", async (context) => {
  const bed = bedOf(context);
  const port = await startWebSocketApp(context, (socket) => void socket.write("\x01\x03one", "latin1"));
  const { inbound } = await bed.serve(APP, port);
  const client = new RawClient(context, inbound);
  client.send(HANDSHAKE);
  await client.received("one");
  const startedMs = performance.now();
  const drained = bed.host.drain();
  await client.received(GOING_AWAY);
  assert.ok(performance.now() - startedMs >= 0.85 * DRAIN_MS, "not before the last call");
  client.destroy();
  await drained;
});

test("a WebSocket whose frame does not end is closed without a word, since none would be understood", async (context) => {
  const bed = bedOf(context);
  const port = await startWebSocketApp(context, (socket) => void socket.write("\x81\x09half", "latin1"));
  const { inbound } = await bed.serve(APP, port);
  const client = new RawClient(context, inbound);
  client.send(HANDSHAKE);
  await client.received("half");
  await bed.host.drain();
  await client.closed();
  assert.ok(client.text.endsWith("\x81\x09half"));
});

test("a call of gRPC that goes on and on ends as unavailable, and what has not begun likewise", async (context) => {
  const bed = bedOf(context);
  const streams: ServerHttp2Stream[] = [];
  const app = await startHttp2App(context, (stream, headers) => {
    streams.push(stream);
    if (headers[":path"] === "/silent") return;
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.write("one");
  });
  const { inbound } = await bed.serve(APP, app.port);
  const client = connect(`http://127.0.0.1:${inbound}`);
  client.on("error", () => undefined);
  context.after(() => client.destroy());
  // A client that streams, too, has not said all that it has to say.
  const call = async (path: string, endStream: boolean): Promise<IncomingHttpHeaders> => {
    const asked = { ":method": "POST", ":path": path, "content-type": "application/grpc" };
    const stream = client.request(asked, { endStream });
    let told: IncomingHttpHeaders = {};
    const hear = (headers: IncomingHttpHeaders): void => {
      told = { ...told, ...headers };
    };
    stream.on("response", hear).on("trailers", hear).resume();
    await once(stream, "close");
    assert.equal(stream.rstCode, 0);
    return told;
  };
  const calls = ["/stream", "/silent"].flatMap((path) => [call(path, true), call(path, false)]);
  await until(() => streams.length === 4);
  const instance = bed.instance(APP);
  await bed.host.drain();
  for (const told of await Promise.all(calls)) {
    assert.deepEqual([told[":status"], told["grpc-status"]], [200, "14"]);
  }
  assert.deepEqual(instance.counters.read().inbound.reasons, { proxyEnding: 4 });
});

test("a request that takes longer than the drain is answered with the reason", async (context) => {
  const bed = bedOf(context);
  const asked: IncomingMessage[] = [];
  const app = await startApp(context, (request) => void asked.push(request));
  const { inbound } = await bed.serve(APP, app.port);
  const answer = send({ port: inbound });
  await until(() => asked.length === 1);
  const instance = bed.instance(APP);
  await bed.host.drain();
  const { statusCode, headers } = await answer;
  assert.deepEqual(
    [statusCode, headers["x-berth-reason"], headers["connection"]],
    [503, "proxy-ending", "close"],
  );
  assert.deepEqual(instance.counters.read().inbound.reasons, { proxyEnding: 1 });
});
