import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppName, NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { ServiceView } from "#model/service-view.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aService } from "#test/builders/a-service.ts";
import { traitsOf } from "#test/builders/pod-traits.ts";
import { HostedPods } from "./hosted-pods.ts";
import { type RouteContext, serviceRoute, type ServiceRoute } from "./service-route.ts";

const CART = traitsOf("cart");

function cartPod(name: string, overrides: Parameters<typeof aPod>[0] = {}): PodView {
  return aPod({ name, node: "node-1", isReady: true, traits: CART, ...overrides });
}

function routeOf(
  pods: readonly PodView[],
  { service = aService(), ...context }: Partial<RouteContext> & { readonly service?: ServiceView } = {},
): ServiceRoute {
  const hosted = new HostedPods();
  for (const pod of pods) hosted.change(undefined, pod);
  return serviceRoute(service, {
    groups: hosted.groupsIn("shop"),
    portsOf: () => ({ inbound: 20_000, outbound: 20_001 }),
    hasProxy: () => true,
    ...context,
  });
}

function reasonOf(...args: Parameters<typeof routeOf>): string {
  const route = routeOf(...args);
  return route.kind === "direct" ? route.reason : route.kind;
}

test("a Service whose pods are all of one app is reached by the nodes that host it", () => {
  const pods = [
    cartPod("a"),
    cartPod("b"),
    cartPod("c", { node: "node-2", isReady: false }),
    cartPod("d", { node: "node-2", isTerminating: true }),
    cartPod("waiting", { node: null }),
    cartPod("over", { node: "node-3", isFinished: true }),
  ];
  assert.deepEqual(routeOf(pods), {
    kind: "byNode",
    app: "shop/cart",
    inboundPort: 20_000,
    servicePorts: [80],
    nodes: new Map([
      ["node-1", { present: 2, ready: 2, leaving: 0 }],
      ["node-2", { present: 2, ready: 0, leaving: 1 }],
    ]),
  });
});

test("a Service that selects nothing, nobody, or nobody of the mesh is reached directly", () => {
  assert.equal(reasonOf([cartPod("a")], { service: aService({ selector: {} }) }), "noSelector");
  assert.equal(reasonOf([]), "noPods");
  assert.equal(reasonOf([cartPod("a", { app: null })]), "outsideMesh");
});

test("a Service that asks for certain pods is reached directly", () => {
  assert.equal(reasonOf([cartPod("a")], { service: aService({ hasOwnRouting: true }) }), "ownRouting");
});

test("a pod outside the mesh takes its share, so its Service is reached directly as soon as it is ready", () => {
  const outside = traitsOf("cart", { labels: { generation: "old" } });
  const old = (isReady: boolean): PodView => cartPod("old", { app: null, traits: outside, isReady });
  assert.equal(reasonOf([cartPod("a"), old(true)]), "mixed");
  assert.equal(reasonOf([cartPod("a"), old(false)]), "byNode");
});

test("pods of the app that the Service does not select must get none of its requests", () => {
  const canary = traitsOf("cart", { labels: { track: "canary" } });
  const service = aService({ selector: { "berth.dev/app": "cart", track: "canary" } });
  const pods = [cartPod("a"), cartPod("b", { traits: canary })];
  assert.equal(reasonOf(pods, { service }), "partOfApp");
  assert.equal(reasonOf(pods), "byNode", "the Service of all of them");
  const batch = traitsOf("cart", { labels: { track: "stable" }, appPort: null });
  const besideJob = [cartPod("b", { traits: canary }), cartPod("job", { traits: batch })];
  assert.equal(reasonOf(besideJob, { service }), "byNode", "a pod without a port takes no requests anyway");
});

test("a Service over several apps is reached directly", () => {
  const service = aService({ selector: { tier: "front" } });
  const front = (app: string): PodView =>
    cartPod(app, { app, traits: traitsOf(app, { labels: { tier: "front" } }) });
  assert.equal(reasonOf([front("cart"), front("wish")], { service }), "severalApps");
});

test("without ports of the app there is nothing to be reached at", () => {
  assert.equal(reasonOf([cartPod("a")], { portsOf: () => undefined }), "noPorts");
});

test("only the Service's ports that lead to the app's port are the mesh's", () => {
  const ports = [
    { port: 80, target: 8080 },
    { port: 81, target: "http" },
    { port: 9090, target: 9090 },
    { port: 9091, target: "metrics" },
  ];
  const route = routeOf([cartPod("a")], { service: aService({ ports }) });
  assert.deepEqual(route.kind === "byNode" && route.servicePorts, [80, 81]);
  const others = aService({ ports: ports.slice(2) });
  assert.equal(reasonOf([cartPod("a")], { service: others }), "otherPort");
  const moved = traitsOf("cart", { appPort: { port: 9000, name: "http" } });
  const rollout = [cartPod("a"), cartPod("b", { traits: moved })];
  const during = routeOf(rollout, { service: aService({ ports }) });
  assert.deepEqual(during.kind === "byNode" && during.servicePorts, [81], "a name follows the pods");
});

test("pods on a node that has no proxy would get none of the requests", () => {
  const hasProxy = (node: NodeName): boolean => node === "node-1";
  const elsewhere = (isReady: boolean): PodView => cartPod("b", { node: "node-2", isReady });
  assert.equal(reasonOf([cartPod("a"), elsewhere(true)], { hasProxy }), "nodeWithoutProxy");
  assert.equal(reasonOf([cartPod("a"), elsewhere(false)], { hasProxy }), "byNode");
});

test("pods of another namespace are another's, whatever their labels", () => {
  assert.equal(reasonOf([cartPod("a", { namespace: "other", app: "other/cart" as AppName })]), "noPods");
});
