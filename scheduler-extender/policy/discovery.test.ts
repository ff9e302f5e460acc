import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { ServiceView } from "#model/service-view.ts";
import {
  addressOf,
  APPS,
  type ClusterStep,
  NODES,
  type PodChange,
  SERVICES,
  SlicedCluster,
} from "../testing/sliced-cluster.ts";

const PODS = 10;

const pod: PodChange = {
  app: 0,
  node: 0,
  isReady: true,
  isTerminating: false,
  isCanary: false,
  isMesh: true,
};

/** Everything is there and ready; `pods` pods of the cart, one node after the other. */
function aCluster(pods: number): SlicedCluster {
  const cluster = new SlicedCluster();
  for (const node of NODES.keys()) cluster.step({ kind: "proxy", node, is: "ready" });
  for (const app of APPS.keys()) cluster.step({ kind: "ports", app, inbound: 20_000 + 2 * app });
  for (const index of APPS.keys()) cluster.step({ kind: "service", index, is: "there" });
  for (let index = 0; index < pods; index++) {
    cluster.step({ kind: "pod", index, change: { ...pod, node: index % NODES.length } });
  }
  cluster.settle();
  return cluster;
}

/** `node state`, in order. */
function entries(cluster: SlicedCluster, service = "cart"): readonly string[] {
  return [...cluster.stored.values()]
    .filter(({ slice }) => slice.service === service)
    .flatMap(({ slice }) => slice.entries.map(({ node, state }) => `${node} ${state}`))
    .sort();
}

test("a node's second pod, and its going, are no write", () => {
  const cluster = aCluster(6);
  assert.deepEqual(
    entries(cluster),
    NODES.map((node) => `${node} ready`),
  );
  const { writes } = cluster;
  cluster.step({ kind: "pod", index: 6, change: { ...pod, node: 0, isReady: false } });
  cluster.step({ kind: "pod", index: 6, change: { ...pod, node: 0 } });
  cluster.step({ kind: "pod", index: 0, change: { ...pod, isTerminating: true } });
  cluster.step({ kind: "podGone", index: 0 });
  cluster.settle();
  assert.equal(cluster.writes, writes);
});

test("the last pod of a node that ends, and its proxy that is not ready, are conditions of the entry", () => {
  const cluster = aCluster(2);
  cluster.step({ kind: "pod", index: 0, change: { ...pod, isTerminating: true } });
  cluster.settle();
  assert.deepEqual(entries(cluster), ["node-1 terminating", "node-2 ready"]);
  cluster.step({ kind: "proxy", node: 1, is: "gone" });
  cluster.settle();
  assert.deepEqual(entries(cluster), ["node-1 terminating", "node-2 unready"]);
  cluster.step({ kind: "podGone", index: 0 });
  cluster.step({ kind: "proxy", node: 1, is: "ready" });
  cluster.settle();
  assert.deepEqual(entries(cluster), ["node-2 ready"]);
});

test("whoever takes over writes nothing that is right, and mends what happened meanwhile", () => {
  const cluster = aCluster(8);
  const { writes } = cluster;
  cluster.takeOver();
  cluster.settle();
  assert.equal(cluster.writes, writes);
  cluster.pods.delete(0);
  cluster.pods.delete(4);
  cluster.services.delete(0);
  cluster.takeOver();
  cluster.settle();
  assert.deepEqual(entries(cluster), []);
  assert.equal(cluster.writes, writes + 1, "one slice, one delete");
});

test("a name that is in use by a stranger is passed over", () => {
  const cluster = new SlicedCluster();
  const stranger = { slice: { name: "berth-cart-0" }, uid: "x", resourceVersion: "1" } as never;
  cluster.stored.set("berth-cart-0", stranger);
  cluster.step({ kind: "proxy", node: 0, is: "ready" });
  cluster.step({ kind: "ports", app: 0, inbound: 20_000 });
  cluster.step({ kind: "service", index: 0, is: "there" });
  cluster.step({ kind: "pod", index: 0, change: pod });
  cluster.settle();
  cluster.stored.delete("berth-cart-0");
  assert.deepEqual([...cluster.stored.keys()], ["berth-cart-1"]);
});

const podChange = fc.record<PodChange>({
  app: fc.nat(APPS.length - 1),
  node: fc.nat(NODES.length - 1),
  isReady: fc.boolean(),
  isTerminating: fc.boolean(),
  isCanary: fc.boolean(),
  // A Service with pods outside the mesh has no slices, which is the less interesting half.
  isMesh: fc.integer({ min: 0, max: 9 }).map((number) => number > 0),
});
const index = fc.nat(PODS - 1);
const work = fc.constantFrom<ClusterStep>(
  { kind: "work", fate: "done" },
  { kind: "work", fate: "done" },
  { kind: "work", fate: "failed" },
  { kind: "work", fate: "answerLost" },
);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("pod" as const), index, change: podChange }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("podGone" as const), index }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("proxy" as const),
      node: fc.nat(NODES.length - 1),
      is: fc.constantFrom("ready" as const, "ready" as const, "unready" as const, "gone" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("service" as const),
      index: fc.nat(SERVICES.length - 1),
      is: fc.constantFrom("there" as const, "there" as const, "gone" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("ports" as const),
      app: fc.nat(APPS.length - 1),
      inbound: fc.constantFrom(20_000, 20_002, null),
    }),
  },
  { weight: 8, arbitrary: work },
  { weight: 1, arbitrary: fc.constant<ClusterStep>({ kind: "takeover" }) },
);

test("whatever changes, fails, gets lost or takes over in between: in the end the slices say what the pods are", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const cluster = new SlicedCluster();
      for (const app of APPS.keys()) cluster.step({ kind: "ports", app, inbound: 20_000 + 2 * app });
      for (const one of SERVICES.keys()) cluster.step({ kind: "service", index: one, is: "there" });
      for (const node of NODES.keys()) cluster.step({ kind: "proxy", node, is: "ready" });
      for (const one of steps) cluster.step(one);
      cluster.settle();
      assert.ok(cluster.isIdle);
      for (const service of SERVICES) assertServiceIs(cluster, service);
      const { writes } = cluster;
      cluster.takeOver();
      cluster.settle();
      assert.equal(cluster.writes, writes, "a takeover writes nothing");
    }),
    { numRuns: 400 },
  );
});

/** Counted pod by pod. */
function assertServiceIs(cluster: SlicedCluster, service: ServiceView): void {
  const slices = [...cluster.stored.values()].filter(({ slice }) => slice.service === service.name);
  const found = slices.flatMap(({ slice }) => slice.entries);
  const hosts = expectedHosts(cluster, service);
  if (hosts === undefined) return assert.deepEqual(slices, [], `${service.name} is reached directly`);
  const expected: string[] = [];
  for (const [node, pods] of hosts) {
    const serving = pods.filter((one) => one.isReady);
    const hasProxy = cluster.proxies.get(node)?.proxy?.isReady === true;
    const isUnready = serving.length === 0 || !hasProxy;
    const state = isUnready ? "unready" : serving.some((one) => !one.isTerminating) ? "ready" : "terminating";
    // Without a pod that could serve, the entry may be there, from when there was one, or not.
    const isThere = found.some((entry) => entry.node === node);
    if (serving.length > 0 || isThere) expected.push(`${node} ${addressOf(node)} ${state}`);
  }
  const shown = found.map(({ node, address, state }) => `${node} ${address} ${state}`);
  assert.deepEqual(shown.sort(), expected.sort(), service.name);
  for (const { slice } of slices) assert.equal(slice.inboundPort, cluster.ports.get(slice.app));
}

function expectedHosts(
  cluster: SlicedCluster,
  service: ServiceView,
): ReadonlyMap<NodeName, readonly PodView[]> | undefined {
  if (![...cluster.services.values()].includes(service)) return undefined;
  const isSelected = ({ traits }: PodView): boolean =>
    Object.entries(service.selector).every(([name, value]) => traits?.labels[name] === value);
  const pods = [...cluster.pods.values()];
  const selected = pods.filter(isSelected);
  const members = selected.filter(({ app }) => app !== undefined);
  const app = members[0]?.app;
  if (app === undefined || !cluster.ports.has(app)) return undefined;
  if (selected.some((one) => one.app === undefined && one.isReady)) return undefined;
  if (pods.some((one) => one.app === app && !isSelected(one) && one.isReady)) return undefined;
  const isUnserved = ({ isReady, nodeName }: PodView): boolean =>
    isReady === true && nodeName !== undefined && !cluster.addressed.has(nodeName);
  if (members.some(isUnserved)) return undefined;
  return Map.groupBy(members, ({ nodeName }) => nodeName ?? ("" as NodeName));
}
