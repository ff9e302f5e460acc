import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";
import { askHttp2 as ask, startHttp2App } from "./testing/http2-app.ts";

const APP = "shop/cart";

function session(context: TestContext, port: number): ClientHttp2Session {
  const client = connect(`http://127.0.0.1:${port}`);
  client.on("error", () => undefined);
  context.after(() => client.destroy());
  return client;
}

test("requests over HTTP/2 reach the app over HTTP/2, beside those over HTTP/1.1 on the same port", async (context) => {
  const bed = new HostBed(context);
  const app = await startHttp2App(context, (stream, headers) => {
    let bytes = 0;
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.on("end", () => {
      stream.respond({ ":status": 201, "x-app": "1" });
      stream.end(`${headers[":method"]} ${headers[":path"]} ${bytes}`);
    });
  });
  const { inbound } = await bed.serve(APP, app.port);
  const client = session(context, inbound);
  const body = Buffer.alloc(1_000_000);
  const asked = {
    ":method": "POST",
    ":path": "/a?b",
    ":authority": "cart.shop",
    "x-forwarded-for": "10.0.0.1",
  };
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(client, asked, body)));
  for (const answer of answers) {
    assert.equal(answer.body, "POST /a?b 1000000");
    assert.equal(answer.headers[":status"], 201);
    assert.equal(answer.headers["x-app"], "1");
  }
  assert.equal(app.seen[0]?.[":authority"], "cart.shop");
  assert.equal(app.seen[0]?.["x-forwarded-for"], "10.0.0.1, 127.0.0.1");
  client.close();
  await until(() => bed.instance(APP).counters.connections() === 0);
  const counts = bed.instance(APP).counters.read().inbound;
  assert.deepEqual([counts.requests, counts.responses["2xx"], counts.inFlight], [5, 5, 0]);
  assert.ok(counts.bytesReceived > 5_000_000);
});

test("a call of gRPC streams both ways and ends with its trailers", async (context) => {
  const bed = new HostBed(context);
  const app = await startHttp2App(context, (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "grpc-message": "fine" }));
    stream.pipe(stream);
  });
  const { inbound } = await bed.serve(APP, app.port);
  const stream = session(context, inbound).request({
    ":method": "POST",
    ":path": "/shop.Cart/Add",
    "content-type": "application/grpc",
    te: "trailers",
  });
  let trailers: IncomingHttpHeaders = {};
  stream.on("trailers", (received) => {
    trailers = received;
  });
  let heard = "";
  stream.on("data", (chunk: Buffer) => {
    heard += chunk.toString();
  });
  for (const word of ["one", "two", "three"]) {
    stream.write(word);
    await until(() => heard.endsWith(word));
  }
  stream.end();
  await once(stream, "close");
  assert.equal(trailers["grpc-status"], "0");
  assert.equal(trailers["grpc-message"], "fine");
  assert.equal(app.seen[0]?.["te"], "trailers");
});

test("an answer of headers alone stays one", async (context) => {
  const bed = new HostBed(context);
  const app = await startHttp2App(context, (stream) => {
    stream.respond({ ":status": 200, "grpc-status": "5" }, { endStream: true });
  });
  const { inbound } = await bed.serve(APP, app.port);
  const stream = session(context, inbound).request({ ":path": "/" });
  const [headers, flags] = (await once(stream, "response")) as [IncomingHttpHeaders, number];
  assert.equal(headers["grpc-status"], "5");
  assert.equal(flags & 1, 1);
  stream.resume();
  await once(stream, "close");
});

test("quotas hold for streams, and reasons are told", async (context) => {
  const bed = new HostBed(context);
  const app = await startHttp2App(context, (stream) => {
    stream.respond({ ":status": 200 });
    stream.end();
  });
  const { inbound } = await bed.serve(APP, app.port, { requestsPerSecond: 0.001, burst: 1 });
  const client = session(context, inbound);
  assert.equal((await ask(client, { ":path": "/" })).headers[":status"], 200);
  const { headers } = await ask(client, { ":path": "/" });
  assert.deepEqual([headers[":status"], headers["x-berth-reason"]], [429, "rate-limited"]);
  assert.ok(Number(headers["retry-after"]) > 0);
});

test("an app that is not there, or speaks HTTP/1.1 only, is answered for with a reason", async (context) => {
  const bed = new HostBed(context);
  const http1 = await bed.serve(APP, (await startApp(context)).port);
  const answer = await ask(session(context, http1.inbound), { ":path": "/" });
  assert.deepEqual([answer.headers[":status"], answer.headers["x-berth-reason"]], [502, "upstream-closed"]);
  const nobody = await bed.serve("shop/nobody", 1);
  const { headers } = await ask(session(context, nobody.inbound), { ":path": "/" });
  assert.deepEqual([headers[":status"], headers["x-berth-reason"]], [502, "connect-failed"]);
  // HTTP/1.1 on the same port goes on.
  assert.equal((await send({ port: http1.inbound })).statusCode, 200);
});

test("a client that resets its call takes it to the app with it", async (context) => {
  const bed = new HostBed(context);
  let isReset = false;
  const app = await startHttp2App(context, (stream) => {
    stream.on("close", () => {
      isReset = true;
    });
  });
  const { inbound } = await bed.serve(APP, app.port);
  const stream = session(context, inbound).request({ ":path": "/" });
  stream.on("error", () => undefined);
  await until(() => app.seen.length === 1);
  stream.close(8);
  await until(() => isReset);
  await until(() => bed.instance(APP).counters.inFlight() === 0);
  assert.deepEqual(bed.instance(APP).counters.read().inbound.reasons, { clientAborted: 1 });
});

test("a drain lets calls in progress finish and closes their connections", async (context) => {
  const bed = new HostBed(context);
  const held: ServerHttp2Stream[] = [];
  const app = await startHttp2App(context, (stream) => void held.push(stream));
  const { inbound } = await bed.serve(APP, app.port);
  const client = session(context, inbound);
  const answer = ask(client, { ":path": "/" });
  await until(() => held.length === 1);
  const drained = bed.host.drain();
  await until(() => bed.instance(APP).state.phase.kind === "draining");
  held[0]?.respond({ ":status": 200 });
  held[0]?.end("done");
  assert.equal((await answer).body, "done");
  await drained;
  assert.ok(client.closed);
});

test("a client that does not read its stream stops the app", async (context) => {
  const bed = new HostBed(context);
  let written = 0;
  const app = await startHttp2App(context, (stream) => {
    stream.respond({ ":status": 200 });
    const block = Buffer.alloc(100_000);
    const write = (): void => {
      while (!stream.destroyed && written < 500_000_000) {
        written += block.length;
        if (!stream.write(block)) return;
      }
    };
    stream.on("drain", write);
    write();
  });
  const { inbound } = await bed.serve(APP, app.port);
  const client = session(context, inbound);
  const stream = client.request({ ":path": "/" });
  await once(stream, "response");
  let last = -1;
  let still = 0;
  await until(() => {
    still = written === last ? still + 1 : 0;
    last = written;
    return still > 20;
  });
  assert.ok(written < 5_000_000, `${written} bytes`);
  client.destroy();
});
