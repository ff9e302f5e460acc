import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Registry } from "prom-client";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { NOMINATION_ANNOTATION, PLACEMENT_GATE } from "#model/placing-view.ts";
import { ClusterCache } from "#kube/cluster-cache.ts";
import { KubeConnection } from "#kube/connection.ts";
import { PROXY_BASE_ANNOTATION } from "#kube/decode-pod.ts";
import type { RecordedEvent } from "#kube/event-series.ts";
import { systemClock } from "#runtime/clock.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { DEFAULT_NOMINATE_LIMITS } from "../policy/nominate.ts";
import { DEFAULT_PROMISE_LIMITS } from "../policy/promise.ts";
import { PlacementController } from "./placement-controller.ts";
import { createPlacementMetrics } from "./placement-metrics.ts";

const LIMITS = { ...DEFAULT_PROMISE_LIMITS, ...DEFAULT_NOMINATE_LIMITS };
const START_MS = Date.UTC(2026, 0, 1);

let api: LoopbackApi;
let connection: KubeConnection;
let ledger: ClusterLedger;
let cache: ClusterCache;
let controller: PlacementController;
let clock: VirtualClock;
let registry: Registry;
let events: RecordedEvent[];
let mayAct: boolean;
let isRefusing: boolean;

beforeEach(async () => {
  clock = new VirtualClock(START_MS);
  api = new LoopbackApi({ clock, serverClock: systemClock() });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  ledger = new ClusterLedger();
  registry = new Registry();
  events = [];
  mayAct = true;
  isRefusing = false;
  controller = new PlacementController({
    connection: {
      async patch(...request) {
        if (isRefusing) throw new OperationError("KubeUnreachable", "no answer");
        return connection.patch(...request);
      },
    },
    ledger,
    clock,
    limits: LIMITS,
    metrics: (gatedPods) => createPlacementMetrics(registry, gatedPods),
    promisesExpired: () => undefined,
    events: { record: (event) => void events.push(event) },
    logger: silentLogger,
    mayAct: () => mayAct,
  });
  cache = new ClusterCache({
    connection,
    ledger,
    logger: silentLogger,
    owners: "watched",
    changed: (change) => controller.changed(change),
  });
  for (const name of ["node-1", "node-2"]) {
    const allocatable = { cpu: "2", memory: "4Gi", pods: "20" };
    api.store.create("nodes", { metadata: { name }, status: { allocatable } });
    createPod(`proxy-on-${name}`, {
      labels: { [PROXY_LABEL]: "berth" },
      spec: { nodeName: name },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    });
  }
  cache.start();
  await cache.whenSynced();
  controller.start();
});

afterEach(async () => {
  await controller.stop();
  await cache.stop();
  await connection.close();
  await api.close();
});

interface PodOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly status?: object;
  readonly cpu?: string;
}

function createPod(name: string, { labels, spec, status, cpu = "100m" }: PodOptions = {}): void {
  api.store.create("pods", {
    metadata: {
      namespace: "shop",
      name,
      labels: labels ?? { [APP_LABEL]: "cart", [MESH_LABEL]: MESH_ENABLED },
      annotations: { [PROXY_BASE_ANNOTATION]: '{"cpu":"100m","memory":"128Mi"}' },
    },
    spec: {
      containers: [{ name: "app", image: "i", resources: { requests: { cpu, memory: "128Mi" } } }],
      ...(labels === undefined && { schedulingGates: [{ name: PLACEMENT_GATE }] }),
      ...spec,
    } as never,
    status: { phase: "Pending", ...status } as never,
  });
}

/** Lets the watch, the controller and the API server come to rest at the present time. */
async function settle(): Promise<void> {
  let seen: number;
  do {
    seen = api.store.resourceVersion;
    // Versions of other collections reach a watch with the next bookmark.
    const observed = cache.whenObserved(seen).then(() => "observed");
    do api.bookmarkWatchers();
    while ((await Promise.race([observed, setImmediate("turn")])) !== "observed");
    await controller.settle();
  } while (seen !== api.store.resourceVersion);
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settle();
}

function pod(name: string): KubeObject {
  const found = api.store.get("pods", { namespace: "shop", name });
  assert.ok(found !== undefined);
  return found;
}

function stateOf(name: string) {
  const { spec, status, metadata } = pod(name) as {
    spec?: { schedulingGates?: readonly { name: string }[] };
    status?: { nominatedNodeName?: string };
    metadata: KubeObject["metadata"];
  };
  return {
    gates: (spec?.schedulingGates ?? []).map((gate) => gate.name),
    nominated: status?.nominatedNodeName,
    annotated: metadata.annotations?.[NOMINATION_ANNOTATION],
  };
}

async function counted(name: string): Promise<Readonly<Record<string, number>>> {
  const metric = registry.getSingleMetric(name);
  assert.ok(metric !== undefined, name);
  const { values } = await metric.get();
  return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join(), value]));
}

test("gated pods that come together are nominated to one node, and let go", async () => {
  for (const name of ["cart-1", "cart-2", "cart-3"]) createPod(name);
  await settle();
  const placed = { gates: [], nominated: "node-1", annotated: "node-1" };
  for (const name of ["cart-1", "cart-2", "cart-3"]) assert.deepEqual(stateOf(name), placed);
  assert.equal(ledger.node("node-1" as never)?.appPods.get("shop/cart" as never), 3);
  assert.deepEqual(await counted("berth_placement_nominations_total"), { first: 3 });
  assert.deepEqual(await counted("berth_placement_gates_lifted_total"), { placed: 3 });
  assert.deepEqual(await counted("berth_placement_gated_pods"), { "": 0 });
});

test("another's gate stays where it is, before ours or behind it", async () => {
  const theirs = { name: "example.com/quota" };
  createPod("held", { spec: { schedulingGates: [theirs, { name: PLACEMENT_GATE }] } });
  await settle();
  assert.deepEqual(stateOf("held").gates, [theirs.name, PLACEMENT_GATE]);
  const held = pod("held");
  api.store.update("pods", { ...held, spec: { ...held.spec, schedulingGates: [{ name: PLACEMENT_GATE }] } });
  await settle();
  assert.deepEqual(stateOf("held").gates, []);
});

test("a pod that fits nowhere waits, and is placed when a node has room", async () => {
  createPod("large", { cpu: "3" });
  await settle();
  assert.deepEqual(stateOf("large").gates, [PLACEMENT_GATE]);
  const node = api.store.get("nodes", { name: "node-2" });
  assert.ok(node !== undefined);
  api.store.update("nodes", { ...node, status: { allocatable: { cpu: "8", memory: "8Gi", pods: "20" } } });
  await pass(1_000);
  assert.deepEqual(stateOf("large"), { gates: [], nominated: "node-2", annotated: "node-2" });
});

test("the deadline lifts the gate, with an Event that says so", async () => {
  createPod("huge", { cpu: "30" });
  await settle();
  await pass(LIMITS.gateDeadlineMs);
  assert.deepEqual(stateOf("huge"), { gates: [], nominated: undefined, annotated: undefined });
  assert.deepEqual(
    events.map(({ reason, subject }) => [reason, subject.name]),
    [["PlacementDeadline", "huge"]],
  );
  assert.deepEqual(await counted("berth_placement_gates_lifted_total"), { deadline: 1 });
});

test("a lost nomination is renewed, and one that leads to no binding is taken back with its annotation", async () => {
  createPod("cart-1");
  await settle();
  const { nominatedNodeName: _, ...lost } = pod("cart-1").status ?? {};
  api.store.update("pods", { ...pod("cart-1"), status: lost });
  await settle();
  assert.equal(stateOf("cart-1").nominated, "node-1");
  assert.deepEqual(await counted("berth_placement_nominations_total"), { first: 1, renewal: 1 });
  await pass(LIMITS.unboundMs);
  assert.deepEqual(stateOf("cart-1"), { gates: [], nominated: undefined, annotated: undefined });
  assert.equal(ledger.reservationCount, 0);
  assert.deepEqual(await counted("berth_placement_nominations_cleared_total"), { "": 1 });
});

test("who does not lead writes nothing, and takes over where the other left off", async () => {
  mayAct = false;
  createPod("waiting");
  createPod("nominated", {
    spec: { schedulingGates: [{ name: PLACEMENT_GATE }] },
    status: { nominatedNodeName: "node-2" },
  });
  const nominated = pod("nominated");
  const annotations = { ...nominated.metadata.annotations, [NOMINATION_ANNOTATION]: "node-2" };
  api.store.update("pods", { ...nominated, metadata: { ...nominated.metadata, annotations } });
  await settle();
  assert.equal(controller.isServing, false);
  assert.deepEqual(stateOf("waiting").gates, [PLACEMENT_GATE]);
  mayAct = true;
  await pass(1_000);
  assert.equal(controller.isServing, true);
  // The app's node is where its nominated pod goes.
  for (const name of ["waiting", "nominated"])
    assert.deepEqual(stateOf(name), { gates: [], nominated: "node-2", annotated: "node-2" }, name);
});

test("while writes fail no more gates are to be set; one that succeeds ends that", async () => {
  isRefusing = true;
  createPod("cart-1");
  await settle();
  for (let attempt = 1; attempt < 5; attempt++) {
    assert.equal(controller.isServing, true, `after ${attempt} failures`);
    await pass(10_000);
  }
  assert.equal(controller.isServing, false);
  isRefusing = false;
  await pass(10_000);
  assert.equal(controller.isServing, true);
  assert.deepEqual(stateOf("cart-1").gates, []);
});
