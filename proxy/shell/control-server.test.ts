import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { AppName } from "#model/brand.ts";
import { systemClock } from "#runtime/clock.ts";

import { startApp } from "../testing/app-server.ts";
import { HostBed, until } from "../testing/host-bed.ts";
import { send } from "../testing/http-client.ts";
import { ControlServer } from "./control-server.ts";

const POD = { uid: "u1", namespace: "shop", name: "cart-1", app: "shop/cart", address: "::1", port: 80 };

async function startControl(context: TestContext, bed: HostBed): Promise<number> {
  const control = new ControlServer({ host: bed.host, clock: systemClock() });
  const url = await control.listen("127.0.0.1", 0);
  context.after(() => control.close());
  return Number(new URL(url).port);
}

async function post(port: number, body: unknown): Promise<readonly [statusCode: number, error: string]> {
  const headers = { "Content-Type": "application/json" };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await send({ port, method: "POST", path: "/v1/pods", headers, body: text });
  const { error = "" } = JSON.parse(answer.body.toString()) as { readonly error?: string };
  return [answer.statusCode, error];
}

test("a hook registers a pod, once or twice, and takes it away, once or twice", async (context) => {
  const bed = new HostBed(context);
  const port = await startControl(context, bed);
  for (let count = 0; count < 2; count++) assert.deepEqual(await post(port, POD), [200, ""]);
  assert.equal(bed.host.pods().length, 1);
  for (let count = 0; count < 2; count++) {
    const answer = await send({ port, method: "DELETE", path: "/v1/pods/u1" });
    assert.equal(answer.statusCode, 204);
  }
  assert.deepEqual(bed.host.pods(), []);
});

test("a hook that says something else is refused with a sentence", async (context) => {
  const bed = new HostBed(context);
  const port = await startControl(context, bed);
  const { uid: _, ...withoutUid } = POD;
  const refused: readonly (readonly [body: unknown, sentence: RegExp])[] = [
    ["{", /not JSON/],
    [withoutUid, /^uid: /],
    [{ ...POD, extra: 1 }, /extra/],
    [{ ...POD, port: 0 }, /^port: /],
    [{ ...POD, address: "cart" }, /^address: must be an IP address/],
    [{ ...POD, app: "cart" }, /^app: must be namespace\/name/],
    [{ ...POD, app: "other/cart" }, /^app: must be in the pod's own namespace/],
  ];
  for (const [body, sentence] of refused) {
    const [statusCode, error] = await post(port, body);
    assert.equal(statusCode, 400);
    assert.match(error, sentence);
  }
  assert.equal((await post(port, " ".repeat(20_000)))[0], 413);
  assert.equal((await send({ port, method: "POST", path: "/v1/pods", body: "{}" })).statusCode, 415);
  assert.equal((await send({ port, method: "PUT", path: "/v1/pods", body: "{}" })).statusCode, 405);
  assert.equal((await send({ port, path: "/nowhere" })).statusCode, 404);
  assert.deepEqual(bed.host.pods(), []);
});

test("readiness needs a synced watch and every instance that should serve", async (context) => {
  const bed = new HostBed(context);
  const port = await startControl(context, bed);
  const ready = async (): Promise<unknown> => {
    const { statusCode, body } = await send({ port, path: "/readyz" });
    return [statusCode, JSON.parse(body.toString())];
  };
  bed.cluster.isSynced = false;
  assert.deepEqual(await ready(), [503, { kind: "not-ready", reason: "not-synced" }]);
  bed.cluster.isSynced = true;
  assert.deepEqual(await ready(), [200, { kind: "ready" }]);

  // An instance that has no ports yet waits for somebody else.
  bed.pod("waiting", { app: "shop/waiting" as AppName, port: 1 });
  await until(() => bed.host.instances.length === 1);
  assert.deepEqual(await ready(), [200, { kind: "ready" }]);

  await post(port, POD);
  bed.settings("shop/cart");
  await until(() => bed.host.instance("shop/cart" as AppName)?.state.phase.kind === "starting");
  assert.deepEqual(await ready(), [503, { kind: "not-ready", reason: "instances", apps: ["shop/cart"] }]);
  await until(() => bed.instance("shop/cart").isServing);
  assert.deepEqual(await ready(), [200, { kind: "ready" }]);
  assert.equal((await send({ port, path: "/livez" })).statusCode, 200);
});

test("metrics and the list of instances tell the same", async (context) => {
  const bed = new HostBed(context);
  const port = await startControl(context, bed);
  const app = await startApp(context);
  const { inbound } = await bed.serve("shop/cart", app.port, { requestsPerSecond: 0.01, burst: 2 });
  for (let count = 0; count < 3; count++) await send({ port: inbound });
  await until(() => bed.instance("shop/cart").counters.inFlight() === 0);

  const metrics = (await send({ port, path: "/metrics" })).body.toString();
  const lines = metrics.split("\n");
  const labels = 'app="shop/cart",direction="inbound"';
  assert.ok(lines.includes(`berth_proxy_requests_total{${labels}} 3`));
  assert.ok(lines.includes(`berth_proxy_responses_total{${labels},class="2xx"} 2`));
  assert.ok(lines.includes(`berth_proxy_throttled_requests_total{${labels},reason="rate-limited"} 1`));
  assert.ok(lines.includes('berth_proxy_instances{state="serving"} 1'));
  for (const line of lines)
    assert.match(line, /^$|^# (HELP|TYPE) berth_proxy_|^berth_proxy_[a-z_]+(\{.*\})? [\d.e+-]+$/);

  const report = JSON.parse((await send({ port, path: "/v1/instances" })).body.toString()) as {
    readonly instances: readonly {
      readonly counters: { readonly inbound: unknown };
      readonly pods: readonly unknown[];
    }[];
  };
  const [instance] = report.instances;
  const { reasons: _, ...counts } = bed.instance("shop/cart").counters.read().inbound;
  assert.deepEqual(instance?.counters.inbound, { ...counts, reasons: { "rate-limited": 1 } });
  assert.equal(instance?.pods.length, 1);
});
