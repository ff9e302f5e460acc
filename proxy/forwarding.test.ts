import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Agent } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { echoOf, send, sendRaw } from "./testing/http-client.ts";

const APP = "shop/cart";
const sha256 = (body: Buffer): string => createHash("sha256").update(body).digest("hex");

test("inbound requests reach the app's pod with bodies of every length and framing", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port);
  for (const bytes of [0, 1, 16_384, 5_000_000]) {
    const body = randomBytes(bytes);
    const measured = await send({ port: inbound, method: "POST", path: "/a?b=1", body });
    assert.equal(echoOf(measured).bodyHash, sha256(body));
    assert.equal(echoOf(measured).url, "/a?b=1");
    const chunks = [body.subarray(0, bytes / 2), body.subarray(bytes / 2)].filter(
      (chunk) => chunk.length > 0,
    );
    const chunked = await send({ port: inbound, method: "PUT", body: Readable.from(chunks) });
    assert.equal(echoOf(chunked).bodyHash, sha256(body));
    assert.equal(echoOf(chunked).bodyBytes, bytes);
  }
});

test("answers come back whole, with their status, headers and body", async (context) => {
  const bed = new HostBed(context);
  const body = randomBytes(8_000_000);
  const app = await startApp(context, (_request, response) => {
    response.writeHead(207, "Fine", [
      "Set-Cookie",
      "a=1",
      "Set-Cookie",
      "b=2",
      "Connection",
      "X-Hop",
      "X-Hop",
      "1",
    ]);
    response.end(body);
  });
  const { inbound } = await bed.serve(APP, app.port);
  const answer = await send({ port: inbound });
  assert.equal(answer.statusCode, 207);
  assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2"]);
  assert.equal(answer.headers["x-hop"], undefined);
  assert.equal(sha256(answer.body), sha256(body));
});

test("the app is told of the client, and hop-by-hop headers end at the proxy", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port);
  const headers = {
    Host: "cart.shop",
    "X-Forwarded-For": "10.1.2.3",
    Upgrade: "x",
    Connection: "Upgrade, X-Hop",
    "X-Hop": "1",
  };
  const seen = echoOf(await send({ port: inbound, headers })).headers;
  assert.deepEqual(seen.slice(0, 2), ["Host", "cart.shop"]);
  assert.equal(seen[seen.indexOf("X-Forwarded-For") + 1], "10.1.2.3, 127.0.0.1");
  assert.equal(seen[seen.indexOf("X-Forwarded-Proto") + 1], "http");
  for (const name of ["Upgrade", "X-Hop"]) assert.ok(!seen.includes(name));
});

test("requests one after the other share one connection on each side", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let count = 0; count < 10; count++) await send({ port: inbound, agent, method: "POST", body: "x" });
  agent.destroy();
  assert.equal(app.connections.length, 1);
  await until(() => bed.instance(APP).counters.connections() === 0);
  assert.equal(bed.instance(APP).counters.read().inbound.connectionsOpened, 1);
});

test("requests are shared out among the app's ready pods", async (context) => {
  const bed = new HostBed(context);
  const apps = [await startApp(context), await startApp(context), await startApp(context)];
  await bed.serve(APP, apps[0]?.port ?? 0);
  bed.pod("second", { app: APP as AppName, port: apps[1]?.port });
  bed.pod("third", { app: APP as AppName, port: apps[2]?.port, condition: "unready" });
  const { inbound } = bed.ports(APP);
  await until(() => bed.host.pods().length === 3);
  await send({ port: inbound });
  for (let count = 0; count < 9; count++) await send({ port: inbound });
  assert.ok((apps[0]?.connections.length ?? 0) > 0);
  assert.ok((apps[1]?.connections.length ?? 0) > 0);
  assert.equal(apps[2]?.connections.length, 0);
});

test("outbound requests go where their target says, whatever Host says", async (context) => {
  const bed = new HostBed(context);
  const destination = await startApp(context);
  const { outbound } = await bed.serve(APP, destination.port);
  const body = randomBytes(100_000);
  for (const host of ["127.0.0.1", "localhost"]) {
    const path = `http://${host}:${destination.port}/x?y`;
    const answer = await send({ port: outbound, method: "POST", path, body, headers: { Host: "elsewhere" } });
    const seen = echoOf(answer);
    assert.equal(seen.url, "/x?y");
    assert.equal(seen.bodyHash, sha256(body));
    assert.deepEqual(seen.headers.slice(0, 2), ["Host", `${host}:${destination.port}`]);
    assert.ok(!seen.headers.includes("X-Forwarded-For"));
  }
});

test("IPv6 destinations are reached", async (context) => {
  const bed = new HostBed(context);
  const destination = await startApp(context);
  const { outbound } = await bed.serve(APP, destination.port);
  const six = await startApp(context, (_request, response) => void response.end("six"));
  six.server.close();
  const { promise, resolve } = Promise.withResolvers<void>();
  six.server.listen(0, "::1", resolve);
  await promise;
  const { port } = six.server.address() as AddressInfo;
  const answer = await send({ port: outbound, path: `http://[::1]:${port}/` });
  assert.equal(answer.body.toString(), "six");
});

test("the outbound port refuses what is not a proxy request, with a reason", async (context) => {
  const bed = new HostBed(context);
  const { outbound } = await bed.serve(APP, 1);
  const reason = async (path: string): Promise<unknown> => {
    const { statusCode, headers } = await send({ port: outbound, path });
    return [statusCode, headers["x-berth-reason"]];
  };
  assert.deepEqual(await reason("/"), [400, "not-a-proxy-request"]);
  assert.deepEqual(await reason("https://a/"), [400, "not-a-proxy-request"]);
  assert.deepEqual(await reason("http://169.254.169.254/"), [403, "destination-forbidden"]);
  assert.match(
    await sendRaw(outbound, "CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    /^HTTP\/1\.1 403 .*x-berth-reason: destination-forbidden/s,
  );
  assert.match(
    await sendRaw(outbound, "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    /^HTTP\/1\.1 502 .*x-berth-reason: connect-failed/s,
  );
});

test("a destination that refuses, is silent, hangs up or talks nonsense is answered for with a reason", async (context) => {
  const bed = new HostBed(context, { dataPath: { upstreamSilenceMs: 200 } });
  const silent = await startApp(context, () => undefined);
  const hangingUp = await startApp(context, (request) => void request.socket.destroy());
  const switching = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  }).listen(0, "127.0.0.1");
  context.after(() => switching.close());
  const nonsense = createServer((socket) => void socket.end("nonsense\r\n\r\n")).listen(0, "127.0.0.1");
  context.after(() => nonsense.close());
  const { outbound } = await bed.serve(APP, 1);
  const reason = async (port: number): Promise<unknown> => {
    const { statusCode, headers } = await send({ port: outbound, path: `http://127.0.0.1:${port}/` });
    return [statusCode, headers["x-berth-reason"]];
  };
  assert.deepEqual(await reason(1), [502, "connect-failed"]);
  assert.deepEqual(await reason(silent.port), [504, "upstream-deadline"]);
  assert.deepEqual(await reason(hangingUp.port), [502, "upstream-closed"]);
  assert.deepEqual(await reason((nonsense.address() as AddressInfo).port), [502, "upstream-invalid"]);
  assert.deepEqual(await reason((switching.address() as AddressInfo).port), [502, "upstream-invalid"]);
});

test("without a ready pod the answer says so", async (context) => {
  const bed = new HostBed(context);
  bed.settings(APP);
  bed.pod("unready", { app: APP as AppName, port: 1, condition: "unready" });
  await until(() => bed.host.instance(APP as AppName)?.isServing === true);
  const answer = await send({ port: bed.ports(APP).inbound });
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.headers["x-berth-reason"], "no-ready-pod");
});

test("an answer that breaks off is not passed on as a whole one", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context, (request, response) => {
    response.write("first part");
    setImmediate(() => request.socket.destroy());
  });
  const { inbound } = await bed.serve(APP, app.port);
  await assert.rejects(send({ port: inbound }), /aborted|ECONNRESET|socket hang up/);
  await until(() => bed.instance(APP).counters.inFlight() === 0);
  assert.deepEqual(bed.instance(APP).counters.read().inbound.reasons, { upstreamBroken: 1 });
});

test("a client that goes away takes its request to the app with it", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context, () => undefined);
  const { inbound } = await bed.serve(APP, app.port);
  let destroy: (() => void) | undefined;
  const aborted = assert.rejects(
    send({
      port: inbound,
      connected: (socket) => {
        destroy = () => (socket as unknown as { destroy(): void }).destroy();
      },
    }),
  );
  await until(() => app.connections.length === 1);
  destroy?.();
  await aborted;
  await until(() => app.connections[0]?.destroyed === true);
  assert.deepEqual(bed.instance(APP).counters.read().inbound.reasons, { clientAborted: 1 });
});

test("on a connection that the app closes, harmless requests are repeated once and others are not", async (context) => {
  const bed = new HostBed(context);
  const seen: string[] = [];
  const answered = new Set<unknown>();
  const app = await startApp(context, (request, response) => {
    seen.push(request.method ?? "");
    // The second request of a connection finds it closed without an answer.
    if (answered.has(request.socket)) request.socket.destroy();
    else response.end();
    answered.add(request.socket);
  });
  const { inbound } = await bed.serve(APP, app.port);
  const statusOnOldConnection = async (method: string, body?: string): Promise<number> => {
    // Leaves one idle connection behind, which the next request meets.
    assert.equal((await send({ port: inbound })).statusCode, 200);
    seen.length = 0;
    const answer = await send({ port: inbound, method, ...(body === undefined ? {} : { body }) });
    if (answer.statusCode !== 200) assert.equal(answer.headers["x-berth-reason"], "upstream-closed");
    return answer.statusCode;
  };
  assert.equal(await statusOnOldConnection("GET"), 200);
  assert.deepEqual(seen, ["GET", "GET"]);
  assert.equal(bed.instance(APP).counters.read().inbound.retries, 1);
  for (const [method, body] of [["POST", "pay"], ["POST"], ["PUT", "x"]] as const) {
    assert.equal(await statusOnOldConnection(method, body), 502);
    assert.deepEqual(seen, [method]);
  }
  assert.equal(bed.instance(APP).counters.read().inbound.retries, 1);
});

test("a body waits for the app's 100 if the client does", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  let continued = 0;
  app.server.on("checkContinue", (request, response) => {
    continued += 1;
    response.writeContinue();
    app.server.emit("request", request, response);
  });
  const { inbound } = await bed.serve(APP, app.port);
  const text = await sendRaw(
    inbound,
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
  );
  assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  assert.equal(continued, 1);
});

const HOSTILE: Readonly<Record<string, readonly [request: string, statusLine: RegExp]>> = {
  "both lengths": [
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    /^HTTP\/1\.1 400/,
  ],
  "two Hosts": ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", /^HTTP\/1\.1 400/],
  "no Host": ["GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400/],
  "chunks in HTTP/1.0": [
    "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    /^HTTP\/1\.1 400/,
  ],
  "another coding": [
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    /^HTTP\/1\.1 501/,
  ],
  "an HTTP/0.9 line": ["GET /x\nHost: a\r\n\r\n", /^HTTP\/1\.1 400/],
  "a bare line feed": ["GET / HTTP/1.1\nHost: a\n\n", /^HTTP\/1\.1 400/],
  "a name with an underscore": ["GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 3\r\n\r\n", /^HTTP\/1\.1 400/],
  "large headers": [`GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431/],
  "many headers": [`GET / HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(150)}\r\n`, /^HTTP\/1\.1 431/],
  "a head that never ends": ["GET / HTTP/1.1\r\nHost: a\r\n", /^HTTP\/1\.1 408/],
};

test("requests that could be read in two ways never reach the app, and end the connection", async (context) => {
  const bed = new HostBed(context, { dataPath: { headersMs: 200 } });
  let reached = 0;
  const app = await startApp(context, (_request, response) => {
    reached += 1;
    response.end();
  });
  const { inbound } = await bed.serve(APP, app.port);
  for (const [name, [text, statusLine]] of Object.entries(HOSTILE)) {
    const answer = await sendRaw(inbound, text);
    assert.match(answer, statusLine, name);
    assert.match(answer, /x-berth-reason: /, name);
  }
  assert.equal(reached, 0);
  const counts = bed.instance(APP).counters.read().inbound;
  assert.equal(counts.requests, Object.keys(HOSTILE).length);
});

test("an absolute target on the inbound port takes precedence over Host", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port);
  const seen = echoOf(await send({ port: inbound, path: "http://real.shop/p", headers: { Host: "other" } }));
  assert.deepEqual(seen.headers.slice(0, 2), ["Host", "real.shop"]);
  assert.equal(seen.url, "/p");
});
