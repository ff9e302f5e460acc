import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { connect } from "node:http2";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";
import type { Isolation, Observation, Quota } from "#model/mesh-profile.ts";
import { silentLogger } from "#runtime/logger.ts";
import type { Logger } from "#runtime/logger.ts";

import { parseTraceparent } from "./policy/trace-context.ts";
import type { AccessLine } from "./shell/access-log.ts";
import { ProxyMetrics } from "./shell/metrics.ts";
import { startApp } from "./testing/app-server.ts";
import type { AppServer } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { echoOf, send, sendRaw } from "./testing/http-client.ts";
import type { ClientAnswer } from "./testing/http-client.ts";

const APP = "shop/cart" as AppName;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SAMPLED = `00-${TRACE}-00f067aa0ba902b7-01`;
const UNSAMPLED = `00-${TRACE}-00f067aa0ba902b7-00`;

type Line = AccessLine & { readonly app: string };

class Bed extends HostBed {
  readonly lines: Line[] = [];

  constructor(context: ConstructorParameters<typeof HostBed>[0]) {
    const lines: Line[] = [];
    const info = (fields: object, message: string): void => {
      if (message === "request") lines.push(fields as Line);
    };
    super(context, { logger: { ...silentLogger, info } as unknown as Logger });
    this.lines = lines;
  }

  async observed(
    { port }: Pick<AppServer, "port">,
    observation: Observation,
    settings: { readonly quota?: Quota; readonly isolation?: Isolation } = {},
  ) {
    this.configure({ app: APP, observation, ...settings });
    this.pod("cart-0", { app: APP, port });
    await until(() => this.host.instance(APP)?.isServing === true);
    return this.ports(APP);
  }

  async line(index: number): Promise<Line> {
    await until(() => this.lines.length > index);
    const line = this.lines[index];
    assert.ok(line !== undefined);
    return line;
  }
}

for (const isolation of ["thread", "process"] as const) {
  test(`a request in a ${isolation} has its line: what it was, where it went, what it took, and no query`, async (context) => {
    const bed = new Bed(context);
    const app = await startApp(context);
    const { inbound } = await bed.observed(app, { accessLogRatio: 1 }, { isolation });
    let bytesRead = 0;
    let bytesWritten = 0;
    let socket: { readonly bytesRead: number; readonly bytesWritten: number } | undefined;
    const connected = (opened: typeof socket) => void (socket = opened);
    const answer = await send({
      port: inbound,
      method: "POST",
      path: "/a/b?secret=1",
      body: "hello",
      connected,
    });
    assert.equal(answer.statusCode, 200);
    ({ bytesRead = 0, bytesWritten = 0 } = socket ?? {});
    const { durationMs, ...line } = await bed.line(0);
    assert.ok(durationMs > 0 && durationMs < 20_000);
    assert.deepEqual(line, {
      app: APP,
      direction: "inbound",
      method: "POST",
      path: "/a/b",
      status: 200,
      receivedBytes: bytesWritten,
      sentBytes: bytesRead,
      queuedMs: 0,
      heldMs: 0,
      upstream: `127.0.0.1:${app.port}`,
    });
  });
}

test("each request of a connection is charged its own bytes", async (context) => {
  const bed = new Bed(context);
  const app = await startApp(context, (request, response) =>
    response.end("x".repeat(Number(request.url?.slice(1)))),
  );
  const { inbound } = await bed.observed(app, { accessLogRatio: 1 });
  const received = await sendRaw(
    inbound,
    "GET /1000 HTTP/1.1\r\nHost: a\r\n\r\nGET /20 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  await bed.line(1);
  const [first = 0, second = 0] = bed.lines.map(({ sentBytes }) => sentBytes);
  assert.equal(first + second, received.length);
  assert.ok(first > 1_000 && second < 1_000);
});

test("without a share for what goes well there are lines of refusals, waits and failures", async (context) => {
  const bed = new Bed(context);
  const held: ServerResponse[] = [];
  const app = await startApp(context, (request, response) => {
    if (request.url === "/held") held.push(response);
    else {
      response.statusCode = request.url === "/broken" ? 500 : 200;
      response.end();
    }
  });
  const { inbound, outbound } = await bed.observed(app, { accessLogRatio: 0 }, { quota: { concurrency: 1 } });
  assert.equal((await send({ port: inbound })).statusCode, 200);
  assert.equal((await send({ port: inbound, path: "/broken" })).statusCode, 500);
  const answer = send({ port: inbound, path: "/held" });
  await until(() => held.length === 1);
  assert.equal((await send({ port: inbound, path: "/refused?x" })).statusCode, 503);
  held[0]?.end();
  await answer;
  await sendRaw(inbound, "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  await send({ port: outbound, path: "http://127.0.0.1:1/nobody" });
  await bed.line(3);
  const told = bed.lines.map(({ path, status, reason, isThrottled, direction }) => [
    direction,
    path,
    status,
    reason,
    isThrottled,
  ]);
  assert.deepEqual(told, [
    ["inbound", "/broken", 500, undefined, undefined],
    ["inbound", "/refused", 503, "concurrency-limited", true],
    ["inbound", "/a", 400, "ambiguous-request", undefined],
    ["outbound", "http://127.0.0.1:1/nobody", 502, "connect-failed", undefined],
  ]);
});

test("what the flood leaves out is counted, and an app without a log has none", async (context) => {
  const bed = new Bed(context);
  const app = await startApp(context);
  const { inbound } = await bed.observed(app, { accessLogRatio: 0 });
  const requests = 2_000;
  await sendRaw(inbound, `${"OPTIONS * HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"}`);
  bed.configure({
    app: APP,
    observation: { accessLogRatio: 0 },
    quota: { requestsPerSecond: 0.001, burst: 1 },
  });
  await until(() => bed.instance(APP).limits.burst === 1);
  await send({ port: inbound });
  const pipelined = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(requests - 1);
  await sendRaw(inbound, `${pipelined}GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const reasons = () => bed.instance(APP).counters.read().inbound.reasons.rateLimited ?? 0;
  await until(() => reasons() === requests);
  const leftOut = (): number => bed.instance(APP).counters.total("accessLinesLeftOut");
  await until(() => leftOut() + bed.lines.length === requests + 1);
  assert.ok(leftOut() > 0 && bed.lines.length < requests / 2);
  assert.match(new ProxyMetrics(bed.host).render(), /access_log_left_out_total\{app="shop\/cart"\} [1-9]/);

  bed.configure({ app: APP });
  const { length } = bed.lines;
  await send({ port: inbound });
  await send({ port: inbound, path: "*" });
  await until(() => bed.instance(APP).counters.inFlight() === 0);
  assert.equal(bed.lines.length, length);
});

function tracesOf(answer: ClientAnswer): Record<string, string | undefined> {
  const { headers } = echoOf(answer);
  const names = headers.map((name) => name.toLowerCase());
  const value = (name: string) => (names.includes(name) ? headers[names.indexOf(name) + 1] : undefined);
  return { traceparent: value("traceparent"), tracestate: value("tracestate") };
}

test("a trace goes on as it came, and its id is in the log if it is sampled", async (context) => {
  const bed = new Bed(context);
  const app = await startApp(context);
  const { inbound } = await bed.observed(app, { accessLogRatio: 0, traces: { sampleRatio: 1 } });
  for (const traceparent of [UNSAMPLED, SAMPLED]) {
    const headers = { Traceparent: traceparent, tracestate: "a=1" };
    assert.deepEqual(tracesOf(await send({ port: inbound, headers })), { traceparent, tracestate: "a=1" });
  }
  assert.equal((await bed.line(0)).traceId, TRACE);
  await until(() => bed.instance(APP).counters.inFlight() === 0);
  assert.equal(bed.lines.length, 1);
});

test("where none comes, or none that is valid, a trace is started, and what came of one is dropped", async (context) => {
  const bed = new Bed(context);
  const app = await startApp(context);
  const { inbound, outbound } = await bed.observed(app, { traces: { sampleRatio: 0 } });
  const invalid: Record<string, string | string[]>[] = [
    {},
    { traceparent: "00-garbage", tracestate: "a=1" },
    { traceparent: [SAMPLED, SAMPLED], tracestate: "a=1" },
    { tracestate: "a=1" },
  ];
  const ids = new Set<string>();
  for (const headers of invalid) {
    for (const request of [{ port: inbound }, { port: outbound, path: `http://127.0.0.1:${app.port}/` }]) {
      const { traceparent, tracestate } = tracesOf(await send({ ...request, headers }));
      const started = parseTraceparent(traceparent ?? "");
      assert.ok(started !== undefined, traceparent);
      assert.equal(started.isSampled, false);
      assert.equal(tracestate, undefined);
      ids.add(started.traceId);
    }
  }
  assert.equal(ids.size, 2 * invalid.length);
  bed.configure({ app: APP, observation: { traces: { sampleRatio: 1 } } });
  await until(() => bed.instance(APP).isServing);
  let isSampled: boolean | undefined;
  while (isSampled !== true)
    isSampled = parseTraceparent(tracesOf(await send({ port: inbound })).traceparent ?? "")?.isSampled;
});

test("an app whose profile says nothing of traces has its headers passed on unread", async (context) => {
  const bed = new Bed(context);
  const app = await startApp(context);
  const { inbound } = await bed.observed(app, {});
  const headers = { traceparent: "00-garbage", tracestate: "a=1" };
  assert.deepEqual(tracesOf(await send({ port: inbound, headers })), headers);
  assert.equal(tracesOf(await send({ port: inbound })).traceparent, undefined);
});

test("over HTTP/2 it is the same", async (context) => {
  const bed = new Bed(context);
  const { createServer } = await import("node:http2");
  const seen: (string | string[] | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers["traceparent"], request.headers["tracestate"]);
    response.end("four");
  });
  server.listen(0, "127.0.0.1");
  context.after(() => server.close());
  await until(() => server.listening);
  const { port } = server.address() as { readonly port: number };
  const { inbound } = await bed.observed({ port }, { accessLogRatio: 1, traces: { sampleRatio: 0 } });
  const session = connect(`http://127.0.0.1:${inbound}`);
  context.after(() => session.destroy());
  for (const traceparent of [SAMPLED, "garbage"]) {
    const stream = session.request({ ":path": "/p?q", traceparent, tracestate: "a=1" });
    stream.resume();
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.on("close", resolve);
    await promise;
  }
  const [first, state, second, dropped] = seen;
  assert.deepEqual([first, state, dropped], [SAMPLED, "a=1", undefined]);
  assert.ok(parseTraceparent(String(second)) !== undefined);
  const { path, status, sentBytes, traceId, upstream } = await bed.line(0);
  assert.deepEqual([path, status, sentBytes, traceId], ["/p", 200, 4, TRACE]);
  assert.equal(upstream, `127.0.0.1:${port}`);
});
