import assert from "node:assert/strict";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { RawClient } from "./testing/raw-client.ts";

const APP = "shop/cart";
const ANOTHER_POD = "127.0.0.2";

test("the outbound port is for the app's own pods; another's are told so, and the inbound port is for all", async (context) => {
  const bed = new HostBed(context, { dataPath: { headersMs: 200 } });
  const app = await startApp(context, (_request, response) => void response.end("fine"));
  const { inbound, outbound } = await bed.serve(APP, app.port);
  const request = `GET http://127.0.0.1:${app.port}/ HTTP/1.1\r\nHost: a\r\n\r\n`;
  const stranger = new RawClient(context, outbound, ANOTHER_POD);
  stranger.send(request);
  await stranger.closed();
  assert.match(stranger.text, /^HTTP\/1\.1 403 .*x-berth-reason: source-unknown/s);
  const known = new RawClient(context, outbound);
  known.send(request);
  await known.received("fine");
  const anybody = new RawClient(context, inbound, ANOTHER_POD);
  anybody.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await anybody.received("fine");
  assert.equal(app.connections.length, 2);
});

test("a pod that is faster than the news of it is answered once they have come", async (context) => {
  const bed = new HostBed(context);
  const app = await startApp(context, (_request, response) => void response.end("fine"));
  const { outbound } = await bed.serve(APP, app.port);
  const early = new RawClient(context, outbound, ANOTHER_POD);
  early.send(`GET http://127.0.0.1:${app.port}/ HTTP/1.1\r\nHost: a\r\n\r\n`);
  await until(() => bed.instance(APP).counters.connections() === 1);
  bed.pod("second", { app: APP as AppName, port: app.port, address: ANOTHER_POD, condition: "unready" });
  await early.received("fine");
});
