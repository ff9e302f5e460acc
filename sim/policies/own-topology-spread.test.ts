import assert from "node:assert/strict";
import { test } from "node:test";
import { ZONE_LABEL } from "./node-tree.ts";
import { scoreOwnSpread, spreadFilter } from "./own-topology-spread.ts";
import type { SpreadConstraint } from "./spread-constraint.ts";
import { SchedulerCluster } from "./scheduler-cluster.ts";
import { HOSTNAME_LABEL } from "./scheduler-node.ts";
import type { SchedulerPod } from "./scheduler-pod.ts";

const CART = { matchLabels: { app: "cart" } };
const ZONES_EVEN: SpreadConstraint = {
  maxSkew: 1,
  topologyKey: ZONE_LABEL,
  whenUnsatisfiable: "DoNotSchedule",
  labelSelector: CART,
};

/** Nodes a1, a2, b1 in zones a and b, and one without a zone; so many carts on each. */
function aCluster(carts: Readonly<Record<string, number>>): SchedulerCluster {
  const zones = { a1: "a", a2: "a", b1: "b", lone: undefined };
  const cluster = new SchedulerCluster(
    Object.entries(zones).map(([name, zone]) => ({
      name,
      allocatable: { cpuMilli: 4000, memoryBytes: 2 ** 34 },
      labels: { [HOSTNAME_LABEL]: name, ...(zone === undefined ? {} : { [ZONE_LABEL]: zone }) },
      taints: name === "b1" ? [{ key: "full", effect: "NoSchedule" as const }] : [],
    })),
  );
  for (const [name, count] of Object.entries(carts))
    for (let index = 0; index < count; index++) cluster.addPod(name, aCart());
  return cluster;
}

function aCart(...spreadConstraints: readonly SpreadConstraint[]): SchedulerPod {
  const request = { cpuMilli: 100, memoryBytes: 2 ** 20 };
  return { request, labels: { app: "cart" }, spreadConstraints };
}

function open(cluster: SchedulerCluster, ...constraints: readonly SpreadConstraint[]): readonly string[] {
  const { nodes, groups } = cluster;
  const filter = spreadFilter(aCart(...constraints), { nodes, groups, matcher: undefined });
  return nodes.filter((node) => filter?.(node) === undefined).map(({ name }) => name);
}

test("a hard constraint closes places that are ahead, and nodes without the label", () => {
  assert.deepEqual(open(aCluster({}), ZONES_EVEN), ["a1", "b1", "a2"]);
  assert.deepEqual(open(aCluster({ a1: 1 }), ZONES_EVEN), ["b1"]);
  assert.deepEqual(open(aCluster({ a1: 1 }), { ...ZONES_EVEN, maxSkew: 2 }), ["a1", "b1", "a2"]);
  const filter = spreadFilter(aCart(ZONES_EVEN), { ...aClusterState({}), matcher: undefined });
  assert.equal(
    filter?.(aCluster({}).node("lone")!),
    "node(s) didn't match pod topology spread constraints (missing required label)",
  );
});

function aClusterState(carts: Readonly<Record<string, number>>) {
  const { nodes, groups } = aCluster(carts);
  return { nodes, groups };
}

test("with fewer places than minDomains the emptiest counts as empty", () => {
  const carts = { a1: 1, b1: 1 };
  assert.deepEqual(open(aCluster(carts), { ...ZONES_EVEN, minDomains: 2 }), ["a1", "b1", "a2"]);
  assert.deepEqual(open(aCluster(carts), { ...ZONES_EVEN, minDomains: 3 }), []);
});

test("places that the pod cannot use do not hold it back, by affinity as a rule and by taints on request", () => {
  const cluster = aCluster({ a1: 1 });
  const { nodes, groups } = cluster;
  const matcher = ({ name }: { readonly name: string }) => name !== "b1";
  const openFor = (constraint: SpreadConstraint): readonly string[] => {
    const filter = spreadFilter(aCart(constraint), { nodes, groups, matcher });
    return nodes.filter((node) => filter?.(node) === undefined).map(({ name }) => name);
  };
  assert.ok(openFor(ZONES_EVEN).includes("a1"));
  assert.ok(!openFor({ ...ZONES_EVEN, nodeAffinityPolicy: "Ignore" }).includes("a1"));
  assert.ok(open(cluster, { ...ZONES_EVEN, nodeTaintsPolicy: "Honor" }).includes("a1"));
});

test("an empty selector counts no pods, though it matches the pod itself", () => {
  assert.deepEqual(open(aCluster({ a1: 5 }), { ...ZONES_EVEN, labelSelector: {} }), ["a1", "b1", "a2"]);
});

test("matchLabelKeys narrow the selector to pods that are equal to this one", () => {
  const cluster = aCluster({});
  cluster.addPod("a1", { ...aCart(), labels: { app: "cart", revision: "1" } });
  const constraint = { ...ZONES_EVEN, matchLabelKeys: ["revision"] };
  const { nodes, groups } = cluster;
  const pod = { ...aCart(constraint), labels: { app: "cart", revision: "2" } };
  assert.equal(spreadFilter(pod, { nodes, groups, matcher: undefined })?.(cluster.node("a2")!), undefined);
});

test("a soft constraint scores places with fewer pods higher, and nodes without the label 0", () => {
  const cluster = aCluster({ a1: 2, a2: 1, b1: 1 });
  const scores = new Float64Array(4);
  const soft = { ...ZONES_EVEN, whenUnsatisfiable: "ScheduleAnyway" } as const;
  const { nodes, groups } = cluster;
  assert.ok(scoreOwnSpread(aCart(soft), { nodes, groups, matcher: undefined, feasible: nodes }, scores));
  // 3 and 1 pods times ln(2 zones + 2), rounded to 4 and 1.
  assert.deepEqual(Object.fromEntries(nodes.map(({ name }, index) => [name, scores[index]])), {
    a1: 25,
    a2: 25,
    b1: 100,
    lone: 0,
  });
  assert.ok(
    !scoreOwnSpread(aCart(ZONES_EVEN), { nodes, groups, matcher: undefined, feasible: nodes }, scores),
  );
});
