import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { ClusterChange } from "#kube/cluster-cache.ts";
import { KubeApiError } from "#kube/api-error.ts";
import { KubeConnection } from "#kube/connection.ts";
import { decodeNodeSlice } from "#kube/node-slice.ts";
import { settleUntil } from "#kube/settle.ts";
import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { traitsOf } from "#test/builders/pod-traits.ts";
import { DiscoveryController } from "./discovery-controller.ts";

const NODES = ["node-1", "node-2"] as const;

let api: LoopbackApi;
let connection: KubeConnection;
let clock: VirtualClock;
let controllers: DiscoveryController[];
let isLeader: boolean;
let outcomes: string[];

beforeEach(async () => {
  clock = new VirtualClock();
  api = new LoopbackApi({ clock });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  api.store.create("namespaces", { metadata: { name: "shop" } });
  [controllers, outcomes, isLeader] = [[], [], true];
});

afterEach(async () => {
  await Promise.all(controllers.map((controller) => controller.stop()));
  await connection.close();
  await api.close();
});

function started(api: Partial<KubeConnection> = {}): DiscoveryController {
  const controller = new DiscoveryController({
    connection: {
      request: (options) => connection.request(options),
      watch: (...call) => connection.watch(...call),
      create: (...call) => connection.create(...call),
      replace: (...call) => connection.replace(...call),
      delete: (...call) => connection.delete(...call),
      ...api,
    },
    metrics: () => ({ written: (kind, outcome) => void outcomes.push(`${kind} ${outcome}`) }),
    logger: silentLogger,
    mayAct: () => isLeader,
    seen: {
      zoneOf: (node) => (node === "node-1" ? "zone-a" : ""),
      portsOf: () => ({ inbound: 20_000, outbound: 20_001 }),
    },
    clock,
    random: () => 0.5,
  });
  controllers.push(controller);
  controller.start();
  for (const [index, node] of NODES.entries()) {
    controller.changed({ kind: "node", name: node as NodeName });
    controller.changed(came(aProxy({ node, address: `10.0.0.${index + 1}` })));
    controller.changed(came(cartPod(`cart-${index}`, node)));
  }
  controller.changed({ kind: "profile", app: "shop/cart" as never });
  return controller;
}

function came(pod: PodView): ClusterChange {
  return { kind: "pod", before: undefined, after: pod };
}

function cartPod(name: string, node: string): PodView {
  return aPod({ name, node, isReady: true, traits: traitsOf("cart") });
}

function createService(): void {
  const spec = {
    selector: { "berth.dev/app": "cart" },
    ports: [{ port: 80, targetPort: 8080, protocol: "TCP" }],
    clusterIP: "10.96.0.7",
    clusterIPs: ["10.96.0.7"],
  };
  api.store.create("services", { metadata: { name: "cart", namespace: "shop" }, spec });
}

function entries(): readonly string[] {
  return api.store
    .list("endpointslices")
    .flatMap((object) => decodeNodeSlice(object).entries)
    .map(({ node, zone, state }) => `${node} ${zone} ${state}`);
}

const BOTH = ["node-1 zone-a ready", "node-2  ready"];

test("a Service of a mesh app gets a slice of its nodes, which goes with the Service", async () => {
  started();
  createService();
  await settleUntil(clock, () => entries().length > 0);
  assert.deepEqual(entries(), BOTH);
  const [slice] = api.store.list("endpointslices").map(decodeNodeSlice);
  assert.deepEqual(
    [slice?.inboundPort, slice?.servicePorts, slice?.clusterIps],
    [20_000, [80], ["10.96.0.7"]],
  );
  assert.equal(
    slice?.serviceUid,
    api.store.get("services", { namespace: "shop", name: "cart" })?.metadata.uid,
  );
  api.store.delete("services", { namespace: "shop", name: "cart" });
  await settleUntil(clock, () => outcomes.length === 2);
  assert.deepEqual(outcomes, ["create done", "delete done"]);
  assert.deepEqual(entries(), []);
});

test("what somebody else did to a slice is undone, and slices of others are left alone", async () => {
  started();
  createService();
  await settleUntil(clock, () => entries().length > 0);
  const [slice] = api.store.list("endpointslices");
  assert.ok(slice !== undefined);
  api.store.create("endpointslices", {
    metadata: { name: "other", namespace: "shop", labels: { "kubernetes.io/service-name": "cart" } },
    addressType: "IPv4",
    endpoints: [],
  });
  api.store.update("endpointslices", { ...slice, endpoints: [] });
  await settleUntil(clock, () => outcomes.length === 2);
  assert.deepEqual(outcomes, ["create done", "update done"]);
  assert.equal(api.store.list("endpointslices").length, 2);
});

test("a replica that does not lead writes nothing, and whoever takes over does not write again what is right", async () => {
  isLeader = false;
  const waiting = started();
  createService();
  clock.advance(60_000);
  await settleUntil(clock, () => clock.nowMs() > 120_000);
  assert.deepEqual(outcomes, []);
  isLeader = true;
  await settleUntil(clock, () => entries().length === 2);
  await waiting.stop();
  started();
  const from = clock.nowMs();
  await settleUntil(clock, () => clock.nowMs() > from + 60_000);
  assert.deepEqual(outcomes, ["create done"]);
});

test("a slice that was changed meanwhile is looked at again, and a server that is away asked again", async () => {
  let refusals = 2;
  const create: KubeConnection["create"] = (...call) => {
    if ((refusals -= 1) >= 0) {
      const refusal = { status: 503, reason: "ServiceUnavailable", message: "away" };
      return Promise.reject(new KubeApiError(refusal));
    }
    return connection.create(...call);
  };
  const controller = started({ create });
  createService();
  await settleUntil(clock, () => outcomes.length === 3);
  assert.deepEqual(outcomes, ["create failed", "create failed", "create done"]);
  // Before the watch tells the controller, its own reason to write comes.
  const [slice] = api.store.list("endpointslices");
  assert.ok(slice !== undefined);
  api.store.update("endpointslices", {
    ...slice,
    metadata: { ...slice.metadata, labels: { ...slice.metadata.labels, x: "y" } },
  });
  controller.changed({ kind: "pod", before: cartPod("cart-0", "node-1"), after: undefined });
  await settleUntil(clock, () => entries().length === 1);
  assert.deepEqual(entries(), ["node-2  ready"]);
});

test("a burst of changes that cancel out is no write", async () => {
  const controller = started();
  createService();
  await settleUntil(clock, () => outcomes.length > 0);
  const before = outcomes.length;
  for (let times = 0; times < 500; times++) {
    const pod = cartPod(`more-${times}`, "node-1");
    controller.changed(came(pod));
    controller.changed({ kind: "pod", before: pod, after: undefined });
    controller.changed({ kind: "pod", before: cartPod("cart-1", "node-2"), after: undefined });
    controller.changed(came(cartPod("cart-1", "node-2")));
  }
  const from = clock.nowMs();
  await settleUntil(clock, () => clock.nowMs() > from + 5_000);
  assert.equal(outcomes.length, before);
});
