import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { KubeConnection } from "#kube/connection.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import type { TracePod } from "#sim/traces/trace.ts";
import { MIB } from "#test/builders/sizes.ts";
import { TRACE_NAMESPACE } from "./fleet.ts";
import { TraceFeed } from "./trace-feed.ts";

const START_MS = Date.UTC(2026, 0, 1);

let clock: VirtualClock;
let api: LoopbackApi;
let connection: KubeConnection;

beforeEach(async () => {
  clock = new VirtualClock(START_MS);
  api = new LoopbackApi({ clock });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  api.store.create("namespaces", { metadata: { name: TRACE_NAMESPACE } });
});

afterEach(async () => {
  await connection.close();
  await api.close();
});

function aTracePod(id: string, rest: Partial<TracePod> = {}): TracePod {
  const request = { cpuMilli: 1_500, memoryBytes: 256 * MIB };
  return { id, app: "cart", request, createSeconds: 1_000, deleteSeconds: undefined, ...rest };
}

function feedOf(pods: readonly TracePod[]): TraceFeed {
  return new TraceFeed(pods, { connection, clock, store: api.store });
}

/** Those that are not being deleted. */
function podNames(): readonly string[] {
  return pods().map(({ metadata }) => metadata.name);
}

function pods(): readonly KubeObject[] {
  return api.store.list("pods").filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

function replicas(app = "cart"): unknown {
  return api.store.get("replicasets", { namespace: TRACE_NAMESPACE, name: app })?.spec?.["replicas"];
}

test("pods come and go at their times, counted from the first event, and their app is scaled with them", async () => {
  const feed = feedOf([aTracePod("a", { deleteSeconds: 1_060 }), aTracePod("b", { createSeconds: 1_030 })]);
  await feed.feed();
  assert.deepEqual(podNames(), ["cart-a"]);
  assert.equal(replicas(), 1);
  assert.equal(feed.nextDueMs, START_MS + 30_000);
  clock.advance(30_000);
  await feed.feed();
  assert.deepEqual(podNames(), ["cart-a", "cart-b"]);
  assert.equal(replicas(), 2);
  clock.advance(30_000);
  await feed.feed();
  assert.deepEqual(podNames(), ["cart-b"]);
  assert.equal(replicas(), 1);
  assert.equal(feed.isOver, true);
  assert.equal(feed.nextDueMs, undefined);
  assert.equal(feed.endMs, START_MS + 60_000);
});

test("a pod is a mesh pod of its app, owned by the app's ReplicaSet, with what it requests", async () => {
  await feedOf([aTracePod("a")]).feed();
  const [pod] = pods();
  const owner = api.store.get("replicasets", { namespace: TRACE_NAMESPACE, name: "cart" });
  assert.deepEqual(pod?.metadata.labels, { "berth.dev/app": "cart", "berth.dev/mesh": "enabled" });
  const [reference] = (pod?.metadata["ownerReferences"] ?? []) as readonly { readonly uid: string }[];
  assert.equal(reference?.uid, owner?.metadata.uid);
  const [container] = (pod?.spec?.["containers"] ?? []) as readonly { readonly resources: unknown }[];
  assert.deepEqual(container?.resources, { requests: { cpu: "1500m", memory: "256Mi" } });
});

test("the last pod takes its ReplicaSet along", async () => {
  const feed = feedOf([aTracePod("a", { deleteSeconds: 1_001 }), aTracePod("b", { app: "pay" })]);
  await feed.feed();
  clock.advance(1_000);
  await feed.feed();
  assert.equal(replicas(), undefined);
  assert.equal(replicas("pay"), 1);
});

test("a pod that comes and goes within one step is created and deleted", async () => {
  const feed = feedOf([aTracePod("a"), aTracePod("b", { createSeconds: 1_001, deleteSeconds: 1_002 })]);
  clock.advance(10_000);
  await feed.feed();
  assert.deepEqual(podNames(), ["cart-a"]);
  assert.equal(replicas(), 1);
});

test("a pod that went by itself is no failure when its time comes", async () => {
  const feed = feedOf([aTracePod("a", { deleteSeconds: 1_001 })]);
  await feed.feed();
  api.store.delete("pods", { namespace: TRACE_NAMESPACE, name: "cart-a" });
  clock.advance(1_000);
  await feed.feed();
  assert.deepEqual(podNames(), []);
});

test("names that Kubernetes does not take are replaced, and those that would become alike stay apart", async () => {
  const long = "x".repeat(80);
  const apps = ["App 1", "app_1", "app-1", "app.1", "app 1", "-", long, `${long}y`];
  await feedOf(apps.map((app, index) => aTracePod(`POD_${index}`, { app }))).feed();
  const names = podNames();
  assert.equal(new Set(names).size, apps.length);
  const labels = pods().map(({ metadata }) => metadata.labels?.["berth.dev/app"] ?? "");
  assert.equal(new Set(labels).size, apps.length);
  for (const label of labels) assert.match(label, /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/);
  for (const name of names) assert.match(name, /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
});

test("apps that the trace limits per node are given profiles that say so", async () => {
  const limited = [aTracePod("a", { maxPerNode: 3 }), aTracePod("b", { app: "pay" })];
  await feedOf(limited).createProfiles(limited);
  const profiles = api.store.list("meshprofiles").map(({ metadata, spec }) => [metadata.name, spec]);
  assert.deepEqual(profiles, [["cart", { placement: { maxPodsPerNode: 3 } }]]);
});

test("a run feeds itself at each event's time until it is stopped", async () => {
  const feed = feedOf([
    aTracePod("a"),
    aTracePod("b", { createSeconds: 1_010 }),
    aTracePod("c", { createSeconds: 1_020 }),
  ]);
  const stop = feed.run((error) => assert.fail(String(error)));
  await feed.feed();
  while (clock.nextDueMs() === undefined) await Promise.resolve();
  clock.advance(10_000);
  await feed.feed();
  assert.deepEqual(podNames(), ["cart-a", "cart-b"]);
  stop();
  clock.advance(10_000);
  assert.equal(feed.isOver, false);
});
