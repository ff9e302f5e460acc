import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";
import { RawClient } from "./testing/raw-client.ts";

const APP = "shop/cart";

test("requests sent without waiting are answered one after the other", async (context) => {
  const bed = new HostBed(context);
  const held: ServerResponse[] = [];
  const app = await startApp(context, (_request, response) => void held.push(response));
  const { inbound } = await bed.serve(APP, app.port);
  const client = new RawClient(context, inbound);
  const requests = ["/1", "/2", "/3"].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  client.send(`POST /0 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc${requests.join("")}`);
  for (let answered = 0; answered < 4; answered++) {
    await until(() => held.length === answered + 1);
    assert.equal(bed.instance(APP).counters.inFlight(), 1);
    held[answered]?.end(`answer ${answered}`);
    await client.received(`answer ${answered}`);
  }
  assert.equal(app.connections.length, 1);
});

test("trailers pass in both directions", async (context) => {
  const bed = new HostBed(context);
  let seen: NodeJS.Dict<string> = {};
  const app = await startApp(context, (request, response) => {
    request.resume();
    request.on("end", () => {
      seen = request.trailers;
      response.setHeader("Trailer", "X-Sum");
      response.write("body");
      response.addTrailers({ "X-Sum": "2" });
      response.end();
    });
  });
  const { inbound } = await bed.serve(APP, app.port);
  const client = new RawClient(context, inbound);
  client.send(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-In: 1\r\n\r\n",
  );
  await client.received("0\r\nX-Sum: 2\r\n\r\n");
  assert.deepEqual({ ...seen }, { "x-in": "1" });
});

test("clients of HTTP/1.0 get a body without chunks, which ends with the connection", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context, (request, response) => {
    if (request.url === "/long") response.end("known length");
    else {
      response.write("in ");
      response.end("chunks");
    }
  });
  const { inbound } = await bed.serve(APP, app.port);
  const client = new RawClient(context, inbound);
  client.send("GET /long HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  await client.received("known length");
  assert.match(client.text, /\r\nConnection: keep-alive\r\n/);
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  await client.closed();
  assert.match(client.text, /\r\nConnection: close\r\n\r\nin chunks$/);
  assert.doesNotMatch(client.text, /Transfer-Encoding/);
});

test("a refused request's body is dropped, and the connection goes on", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context, (_request, response) => void response.end("fine"));
  const { inbound } = await bed.serve(APP, app.port, { requestsPerSecond: 0.001, burst: 1 });
  const client = new RawClient(context, inbound);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.received("fine");
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  await client.received("HTTP/1.1 429");
  client.send(
    "defPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n",
  );
  await until(() => client.text.split("HTTP/1.1 429").length === 4);
  assert.equal(bed.instance(APP).counters.read().inbound.requests, 4);
});

test("an answer that comes before the whole request ends the request, not the connection", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context, (request, response) => void response.end(`early ${request.url}`));
  const { inbound } = await bed.serve(APP, app.port);
  const client = new RawClient(context, inbound);
  client.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  await client.received("early /1");
  client.send("defGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.received("early /2");
});

test("a client that waits for a 100 and is refused is not waited for", async (context) => {
  const bed = new HostBed(context);
  const { inbound } = await bed.serve(APP, 1, { requestsPerSecond: 0.001, burst: 1 });
  await send({ port: inbound });
  const client = new RawClient(context, inbound);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n");
  await client.closed();
  assert.match(client.text, /^HTTP\/1\.1 429 .*\r\nConnection: close\r\n/s);
});

test("a client that sends its body too slowly is told so and let go", async (context) => {
  const bed = new HostBed(context, { dataPath: { upstreamSilenceMs: 150 } });
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port);
  const silent = new RawClient(context, inbound);
  silent.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc");
  const dripping = new RawClient(context, inbound);
  dripping.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  const drip = setInterval(() => dripping.send("x"), 10);
  await Promise.all([silent.closed(), dripping.closed()]);
  clearInterval(drip);
  assert.match(silent.text, /^HTTP\/1\.1 408 .*\r\nConnection: close\r\n/s);
  assert.match(dripping.text, /^HTTP\/1\.1 408 /);
  assert.equal(bed.instance(APP).counters.read().inbound.reasons.requestTimeout, 2);
});

test("a head that comes too slowly is cut off, however steadily it comes", async (context) => {
  const bed = new HostBed(context, { dataPath: { headersMs: 150 } });
  const { inbound } = await bed.serve(APP, 1);
  const dripping = new RawClient(context, inbound);
  dripping.send("GET / HTTP/1.1\r\nX: ");
  const drip = setInterval(() => dripping.send("x"), 10);
  await dripping.closed();
  clearInterval(drip);
  assert.match(dripping.text, /^HTTP\/1\.1 408 /);
});

/** Writes as long as somebody takes it, and counts. */
async function startSource(context: TestContext): Promise<{ port: number; written(): number }> {
  const block = Buffer.alloc(100_000, "x");
  const app = await startApp(context, (_request, response) => {
    response.on("error", () => undefined);
    const write = (): void => {
      while (!response.destroyed && response.write(block));
    };
    response.on("drain", write);
    write();
  });
  const written = (): number => app.connections.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  return { port: app.port, written };
}

/** Buffers that nobody has collected yet count as memory; V8 looks at them once they are as large as its young generation. */
const GARBAGE_BYTES_MAX = 32 * 1024 ** 2;

test("clients that do not read their answers stop the app and cost little memory", async (context) => {
  const bed = new HostBed(context);
  const source = await startSource(context);
  const { inbound } = await bed.serve(APP, source.port);
  const sound = await bed.serve("shop/sound", (await startApp(context)).port);
  const externalBytes = (): number => bed.instance(APP).counters.get("externalBytes");
  const before = externalBytes();
  const clients = Array.from({ length: 20 }, () => stalledReader(context, inbound));
  let last = -1;
  await until(() => {
    const isStopped = source.written() > 0 && source.written() === last;
    last = source.written();
    return isStopped && bed.instance(APP).counters.inFlight() === 20;
  });
  const moreBytes = externalBytes() - before;
  assert.ok(moreBytes < 20 * 256 * 1024 + GARBAGE_BYTES_MAX, `${moreBytes} bytes more`);
  assert.equal((await send({ port: sound.inbound })).statusCode, 200);
  for (const client of clients) client.socket.resetAndDestroy();
  await until(() => bed.instance(APP).counters.inFlight() === 0);
  assert.deepEqual(bed.instance(APP).counters.read().inbound.reasons, { clientAborted: 20 });
});

test("a client that does not read its answer is let go", async (context) => {
  const bed = new HostBed(context, { dataPath: { upstreamSilenceMs: 1_000 } });
  const source = await startSource(context);
  const { inbound } = await bed.serve(APP, source.port);
  stalledReader(context, inbound);
  await until(() => bed.instance(APP).counters.read().inbound.requests === 1);
  await until(() => bed.instance(APP).counters.inFlight() === 0);
  assert.deepEqual(bed.instance(APP).counters.read().inbound.reasons, { clientAborted: 1 });
});

/** Asks, and never reads the answer. */
function stalledReader(context: TestContext, port: number): RawClient {
  const client = new RawClient(context, port);
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return client;
}

test("an app that does not read its request stops the client", async (context) => {
  // A client that leaves while nothing is read from it is noticed by its silence.
  const bed = new HostBed(context, { dataPath: { upstreamSilenceMs: 1_000 } });
  const app = await startApp(context, () => undefined);
  const { inbound } = await bed.serve(APP, app.port);
  const client = new RawClient(context, inbound);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
  const block = Buffer.alloc(1_000_000, "x");
  let isTaken = true;
  for (let turn = 0; turn < 200 && isTaken; turn++) {
    isTaken = client.socket.write(block);
    if (!isTaken) isTaken = await drainedWithin(client, 50);
  }
  assert.equal(isTaken, false);
  assert.ok(client.socket.bytesWritten - client.socket.writableLength < 50_000_000);
  client.destroy();
});

async function drainedWithin({ socket }: RawClient, turns: number): Promise<boolean> {
  let isDrained = false;
  socket.once("drain", () => {
    isDrained = true;
  });
  let left = turns;
  await until(() => isDrained || --left === 0);
  return isDrained;
}

test("one address cannot take all of an instance's connections", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port);
  const counts = () => bed.instance(APP).counters.read().inbound;
  const most = 2_048;
  const greedy: RawClient[] = [];
  // Fewer at once than the kernel keeps for a listener: of more it drops some, which try again seconds later.
  for (const batch = 256; greedy.length < most;) {
    for (let count = 0; count < batch; count++) greedy.push(new RawClient(context, inbound));
    await until(() => counts().connections === greedy.length);
  }
  await new RawClient(context, inbound).closed();
  assert.equal(counts().reasons.sourceLimited, 1);
  // Somebody else is let in, and the same address is again once one of its connections has gone.
  const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const other = new RawClient(context, inbound, "127.0.0.2");
  other.send(request);
  await other.received("200 OK");
  greedy[0]?.destroy();
  await until(() => counts().connections === most);
  const next = new RawClient(context, inbound);
  next.send(request);
  await next.received("200 OK");
  for (const client of [...greedy, other, next]) client.destroy();
});

test("a connection without a request is let go after a while, and one between two requests too", async (context) => {
  const bed = new HostBed(context, { dataPath: { clientIdleMs: 200 } });
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port);
  const silent = new RawClient(context, inbound);
  const served = new RawClient(context, inbound);
  served.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await served.received("200 OK");
  await Promise.all([silent.closed(), served.closed()]);
  assert.equal(silent.bytes, 0);
  assert.deepEqual(bed.instance(APP).counters.read().inbound.reasons, {});
});
