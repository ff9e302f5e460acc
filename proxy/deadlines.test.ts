import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";
import { systemClock } from "#runtime/clock.ts";
import { aNodeEntry, aNodeSlice } from "#test/builders/a-node-slice.ts";

import { ServiceTable } from "./shell/service-table.ts";
import { echoOf, send } from "./testing/http-client.ts";
import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";

const APP = "shop/cart";
const FIELD = "x-envoy-upstream-rq-timeout-ms";

function valueOf(headers: readonly string[], name: string): string | undefined {
  const at = headers.findIndex((header, index) => index % 2 === 0 && header.toLowerCase() === name);
  return at < 0 ? undefined : headers[at + 1];
}

test("a request whose answer does not begin in the caller's time is answered in the proxy's name", async (context) => {
  const bed = new HostBed(context);
  const held: ServerResponse[] = [];
  const app = await startApp(context, (_request, response) => void held.push(response));
  const { inbound } = await bed.serve(APP, app.port);
  const { statusCode, headers } = await send({ port: inbound, headers: { [FIELD]: "40" } });
  assert.deepEqual([statusCode, headers["x-berth-reason"]], [504, "request-deadline"]);
  assert.equal(held.length, 1);
  assert.deepEqual(bed.instance(APP).counters.read().inbound.reasons, { requestDeadline: 1 });
  await until(() => bed.instance(APP).counters.inFlight() === 0);
});

test("a profile bounds the time of all requests, those that wait for their turn among them", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context, () => undefined);
  const quota = { requestMs: 60, concurrency: 1, queue: 1, queueMs: 10_000 };
  const { inbound } = await bed.serve(APP, app.port, quota);
  const answers = await Promise.all([
    send({ port: inbound, headers: { [FIELD]: "9000" } }),
    send({ port: inbound }),
  ]);
  for (const { headers } of answers) assert.equal(headers["x-berth-reason"], "request-deadline");
});

test("what is left of the time is passed on, and a request without a deadline says nothing of it", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context);
  const { inbound } = await bed.serve(APP, app.port, { requestMs: 5_000 });
  const left = Number(
    valueOf(echoOf(await send({ port: inbound, headers: { [FIELD]: "60000" } })).headers, FIELD),
  );
  assert.ok(left > 0 && left <= 5_000, `${left} ms`);
  const free = await bed.serve("shop/free", app.port);
  assert.equal(valueOf(echoOf(await send({ port: free.inbound })).headers, FIELD), undefined);
  const malformed = { port: free.inbound, headers: { [FIELD]: "soon" } };
  assert.equal(valueOf(echoOf(await send(malformed)).headers, FIELD), "soon");
});

test("an answer that has begun in time may take as long as it takes", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context, (_request, response) => {
    response.write("begun, ");
    setTimeout(() => response.end("and ended"), 120);
  });
  const { inbound } = await bed.serve(APP, app.port, { requestMs: 50 });
  const { statusCode, body } = await send({ port: inbound });
  assert.deepEqual([statusCode, body.toString()], [200, "begun, and ended"]);
});

test("retries stay within the request's time", async (context) => {
  const services = new ServiceTable({ nodeAddress: "127.0.0.1", clock: systemClock() });
  const own = new HostBed(context, { services });
  const other = new HostBed(context, { nodeAddress: "127.0.0.2" });
  const app = await startApp(context, () => undefined);
  const { outbound } = await own.serve("shop/web", 1);
  const { inbound } = await other.serve(APP as AppName, app.port);
  services.sliceSeen(
    aNodeSlice({
      inboundPort: inbound,
      entries: [
        aNodeEntry({ node: "gone", address: "127.0.0.9" }),
        aNodeEntry({ node: "slow", address: "127.0.0.2" }),
      ],
    }),
  );
  for (let times = 0; times < 4; times++) {
    const { headers } = await send({ port: outbound, path: "http://cart/", headers: { [FIELD]: "50" } });
    assert.equal(headers["x-berth-reason"], "request-deadline");
  }
});
