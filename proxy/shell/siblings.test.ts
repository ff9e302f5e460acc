import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { AppName, PodUid } from "#model/brand.ts";
import { systemClock } from "#runtime/clock.ts";

import { startApp } from "../testing/app-server.ts";
import { HostBed, until } from "../testing/host-bed.ts";
import { send } from "../testing/http-client.ts";
import { ControlServer } from "./control-server.ts";
import { findPredecessor } from "./find-predecessor.ts";
import type { Predecessor } from "./find-predecessor.ts";
import { InstanceCounters } from "./instance-counters.ts";
import type { HookEvent, PeerMessage, PeerStatus } from "./peer-messages.ts";
import { Siblings } from "./siblings.ts";

const APP = "shop/cart" as AppName;
const STATUS: PeerStatus = { isReady: false, isEnding: false, holdsControl: false, serving: [] };

interface OldProxy {
  readonly bed: HostBed;
  readonly siblings: Siblings;
  readonly port: number;
  readonly hooked: readonly HookEvent[];
}

async function startOld(context: TestContext): Promise<OldProxy> {
  const bed = new HostBed(context);
  const hooked: HookEvent[] = [];
  const siblings = new Siblings({ changed: () => undefined, hooked: (event) => void hooked.push(event) });
  const control = new ControlServer({ host: bed.host, clock: systemClock(), siblings });
  const url = await control.listen("127.0.0.1", 0);
  context.after(async () => {
    siblings.close();
    await control.close();
  });
  return { bed, siblings, hooked, port: Number(new URL(url).port) };
}

async function succeed(context: TestContext, { port }: OldProxy): Promise<Predecessor> {
  const asked = {
    controlHost: "127.0.0.1",
    controlPort: port,
    nodeName: "test-node",
    nodeAddress: "127.0.0.1",
  };
  const predecessor = await findPredecessor(asked);
  assert.ok(predecessor !== undefined);
  context.after(() => predecessor.link.close());
  return predecessor;
}

async function statusOf({ port }: OldProxy, path: string): Promise<number> {
  return (await send({ port, path })).statusCode;
}

test("who takes over starts with the pods, settings and ports of the one before", async (context) => {
  const old = await startOld(context);
  const app = await startApp(context);
  const ports = await old.bed.serve(APP, app.port);
  const { memory } = await succeed(context, old);
  assert.deepEqual(memory.boundPorts, [[APP, ports]]);
  assert.deepEqual(
    memory.settings.map((settings) => settings.app),
    [APP],
  );
  assert.equal(memory.pods.length, 1);
});

test("a start-up probe is answered for the proxy that is starting, a readiness probe for the one that runs", async (context) => {
  const old = await startOld(context);
  assert.equal(await statusOf(old, "/startupz"), 200);
  const { link } = await succeed(context, old);
  assert.equal(await statusOf(old, "/startupz"), 503);
  assert.equal(await statusOf(old, "/readyz"), 200);
  link.send({ kind: "status", status: { ...STATUS, isReady: true } });
  await until(() => !old.siblings.hasStartingSuccessor);
  assert.equal(await statusOf(old, "/startupz"), 200);
});

test("a proxy that does not come up leaves the one before as it was", async (context) => {
  const old = await startOld(context);
  const { link } = await succeed(context, old);
  link.close();
  await until(() => old.siblings.size === 0);
  assert.equal(await statusOf(old, "/startupz"), 200);
});

test("nobody takes over from another node's proxy, nor from something else", async (context) => {
  const { port } = await startOld(context);
  const own = {
    controlHost: "127.0.0.1",
    controlPort: port,
    nodeName: "test-node",
    nodeAddress: "127.0.0.1",
  };
  for (const asked of [
    { ...own, nodeName: "other-node" },
    { ...own, nodeAddress: "127.0.0.2" },
    { ...own, controlPort: (await startApp(context)).port },
  ]) {
    await assert.rejects(findPredecessor(asked), { code: "PortInUse" });
  }
});

test("where nobody listens there is nobody to take over from", async () => {
  const own = { controlHost: "127.0.0.1", nodeName: "test-node", nodeAddress: "127.0.0.1" };
  // A port below the range that systems choose from, and no server's.
  assert.equal(await findPredecessor({ ...own, controlPort: 9 }), undefined);
  assert.equal(await findPredecessor({ ...own, controlPort: 0 }), undefined);
});

test("a hook reaches both proxies, whichever of them it called", async (context) => {
  const old = await startOld(context);
  const { link } = await succeed(context, old);
  const heard: PeerMessage[] = [];
  link.listen({ heard: (message) => void heard.push(message), closed: () => undefined });
  await send({ port: old.port, method: "DELETE", path: "/v1/pods/u1" });
  await until(() => heard.some(({ kind }) => kind === "hook"));
  const event = { kind: "unregistered", uid: "u2" as PodUid, nowMs: 1 } as const;
  link.send({ kind: "hook", event });
  await until(() => old.hooked.length === 1);
  assert.deepEqual(old.hooked, [event]);
});

test("an app is served by a sibling on the same ports only, and not by one that ends", async (context) => {
  const { siblings, ...old } = await startOld(context);
  const { link } = await succeed(context, { siblings, ...old });
  const ports = { inbound: 20_000, outbound: 20_001 };
  const serving = [{ app: APP, ports }];
  link.send({ kind: "status", status: { ...STATUS, serving } });
  await until(() => siblings.serves(APP, ports));
  assert.equal(siblings.serves(APP, { ...ports, inbound: 20_002 }), false);
  assert.equal(siblings.hasCompany, true);
  link.send({ kind: "status", status: { ...STATUS, serving, isEnding: true } });
  await until(() => !siblings.serves(APP, ports));
  assert.equal(siblings.hasCompany, false);
});

test("what a proxy has counted stays in the node's metrics when it has gone, and what it lost is said", async (context) => {
  const old = await startOld(context);
  const { link } = await succeed(context, old);
  const counters = new InstanceCounters();
  counters.add("inbound", "requests", 5);
  counters.add("inbound", "inFlight", 1);
  const inFlight = `berth_proxy_requests_in_flight{app="${APP}",direction="inbound"}`;
  const metrics = async (): Promise<readonly string[]> =>
    (await send({ port: old.port, path: "/metrics" })).body.toString().split("\n");
  link.send({ kind: "counts", counts: [[APP, counters.values()]] });
  await until(() => old.siblings.counts().length === 1);
  assert.ok((await metrics()).includes(`${inFlight} 1`));
  link.close();
  await until(() => old.siblings.size === 0);
  const after = await metrics();
  assert.ok(after.includes(`berth_proxy_requests_total{app="${APP}",direction="inbound"} 5`));
  assert.ok(after.includes(`${inFlight} 0`));
  assert.ok(
    after.includes(
      `berth_proxy_failed_requests_total{app="${APP}",direction="inbound",reason="instance-died"} 1`,
    ),
  );
});

test("counts of a release that counts something else are left out", async (context) => {
  const old = await startOld(context);
  const { link } = await succeed(context, old);
  link.send({ kind: "counts", counts: [[APP, [1, 2, 3]]] });
  link.send({ kind: "status", status: { ...STATUS, isReady: true } });
  await until(() => !old.siblings.hasStartingSuccessor);
  assert.deepEqual(old.siblings.counts(), []);
});
