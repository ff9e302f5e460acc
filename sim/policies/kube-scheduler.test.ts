import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { SeededRandom } from "../seeded-random.ts";
import { DEFAULT_PROFILE, KubeSchedulerModel, addExtenderScores, selectHost } from "./kube-scheduler.ts";
import { oracleFeasible, oracleTotals } from "./kube-scheduler-oracle.ts";
import type { OraclePlacement } from "./kube-scheduler-oracle.ts";
import { ZONE_LABEL } from "./node-tree.ts";
import { SchedulerCluster } from "./scheduler-cluster.ts";
import { HOSTNAME_LABEL } from "./scheduler-node.ts";
import type { NodeSpec } from "./scheduler-cluster.ts";
import type { SchedulerPod } from "./scheduler-pod.ts";

const GIB = 1024 ** 3;

function aNode(name: string, overrides: Partial<NodeSpec> = {}): NodeSpec {
  return { name, allocatable: { cpuMilli: 4000, memoryBytes: 16 * GIB }, ...overrides };
}

function aPod(overrides: Partial<SchedulerPod> = {}): SchedulerPod {
  return { request: { cpuMilli: 100, memoryBytes: GIB / 4 }, ...overrides };
}

function nodesOf(count: number): NodeSpec[] {
  return Array.from({ length: count }, (_, index) => aNode(`n${index}`));
}

test("each filter turns nodes down for its own reason", () => {
  const cluster = new SchedulerCluster([
    aNode("free", { otherAllocatable: { gpu: 2 } }),
    aNode("cordoned", { isUnschedulable: true }),
    aNode("tainted", { taints: [{ key: "gpu", effect: "NoSchedule" }] }),
    aNode("elsewhere", { labels: { disk: "hdd" } }),
    aNode("crowded", { podsMax: 0 }),
    aNode("slow", { allocatable: { cpuMilli: 99, memoryBytes: 16 * GIB } }),
    aNode("bare", { otherAllocatable: { gpu: 1 } }),
    aNode("narrow", { allocatable: { cpuMilli: 4000, memoryBytes: 1 } }),
  ]);
  const requiredTerms = [{ matchExpressions: [{ key: "disk", operator: "DoesNotExist" }] }];
  const otherRequests = { gpu: 2 };
  const pod = aPod({ requiredTerms, otherRequests });
  const { feasible, rejections } = new KubeSchedulerModel(cluster).filter(pod);
  assert.deepEqual(
    feasible.map(({ name }) => name),
    ["free"],
  );
  assert.deepEqual(
    new Set(rejections.keys()),
    new Set([
      "node(s) were unschedulable",
      "node(s) had untolerated taint(s)",
      "node(s) didn't match Pod's node affinity/selector",
      "Too many pods",
      "Insufficient cpu",
      "Insufficient memory",
      "Insufficient gpu",
    ]),
  );
});

test("a pod that requests nothing fits on a full node as long as there is room for one more pod", () => {
  const cluster = new SchedulerCluster([aNode("n", { podsMax: 2 })]);
  const model = new KubeSchedulerModel(cluster);
  cluster.addPod("n", aPod({ request: { cpuMilli: 4000, memoryBytes: 16 * GIB } }));
  const empty = aPod({ request: { cpuMilli: 0, memoryBytes: 0 } });
  assert.equal(model.rejection(empty, cluster.node("n")!), undefined);
  cluster.addPod("n", empty);
  assert.equal(model.rejection(empty, cluster.node("n")!), "Too many pods");
});

test("a search takes the sample and goes on where the last one ended", () => {
  const cluster = new SchedulerCluster(nodesOf(1000));
  const model = new KubeSchedulerModel(cluster);
  const names = () => model.filter(aPod()).feasible.map(({ name }) => name);
  const [first, second, third] = [names(), names(), names()];
  assert.equal(first.length, 420);
  assert.deepEqual([first[0], first.at(-1)], ["n0", "n419"]);
  assert.deepEqual([second[0], second.at(-1)], ["n420", "n839"]);
  assert.deepEqual([third[0], third.at(-1)], ["n840", "n259"]);
});

test("nodes turned down count as looked at, up to the first feasible one beyond the sample", () => {
  const nodes = Array.from({ length: 1000 }, (_, index) =>
    aNode(`n${index}`, { isUnschedulable: index >= 420 && index < 500 }),
  );
  const model = new KubeSchedulerModel(new SchedulerCluster(nodes));
  const firstFound = () => model.filter(aPod()).feasible[0]?.name;
  assert.deepEqual([firstFound(), firstFound(), firstFound()], ["n0", "n500", "n920"]);
});

test("a profile of 100 % sees every node", () => {
  const model = new KubeSchedulerModel(new SchedulerCluster(nodesOf(1000)), {
    ...DEFAULT_PROFILE,
    percentageOfNodesToScore: 100,
  });
  assert.equal(model.filter(aPod()).feasible.length, 1000);
});

test("a pod that names its node is looked up there alone, whatever the sample", () => {
  const model = new KubeSchedulerModel(new SchedulerCluster(nodesOf(1000)));
  const requiredTerms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["n777"] }] }];
  const { feasible, rejections } = model.filter(aPod({ requiredTerms }));
  assert.deepEqual(
    feasible.map(({ name }) => name),
    ["n777"],
  );
  assert.equal(rejections.size, 0);
});

test("the pods of a group are spread over nodes, others go by resources alone", () => {
  const cluster = new SchedulerCluster([aNode("a"), aNode("b")]);
  const model = new KubeSchedulerModel(cluster);
  const pod = aPod({ spreadGroup: "cart" });
  cluster.addPod("a", pod);
  const lead = (next: SchedulerPod) => {
    const [a = 0, b = 0] = model.score(next, cluster.nodes);
    return b - a;
  };
  assert.ok(lead(pod) > 50);
  assert.ok(Math.abs(lead(aPod({ spreadGroup: "shop" }))) < 10);
});

test("MostAllocated fills the fuller node, LeastAllocated the emptier one", () => {
  const cluster = new SchedulerCluster([aNode("empty"), aNode("full")]);
  cluster.addPod("full", aPod({ request: { cpuMilli: 2000, memoryBytes: 8 * GIB } }));
  const chosen = (scoring: "LeastAllocated" | "MostAllocated") =>
    new KubeSchedulerModel(cluster, { ...DEFAULT_PROFILE, scoring }).schedule(aPod(), () => 0)?.name;
  assert.equal(chosen("LeastAllocated"), "empty");
  assert.equal(chosen("MostAllocated"), "full");
});

test("an extender's score counts ten times its weight, so that one step can outrank the plugins", () => {
  const totals = Float64Array.of(900, 0);
  addExtenderScores(totals, [9, 10], 100);
  assert.deepEqual([...totals], [9900, 10_000]);
});

test("among equal totals the random number decides, and each is as likely", () => {
  assert.equal(
    selectHost([1, 5, 5, 2, 5], () => 0),
    1,
  );
  assert.equal(
    selectHost([1, 5, 5, 2, 5], () => 0.5),
    2,
  );
  assert.equal(
    selectHost([1, 5, 5, 2, 5], () => 0.999),
    4,
  );
  assert.equal(
    selectHost([7], () => assert.fail("one node needs no draw")),
    0,
  );
  const random = new SeededRandom(1);
  const counts = [0, 0, 0];
  for (let round = 0; round < 3000; round++) counts[selectHost([3, 3, 3], () => random.next())]!++;
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 150);
});

test("no feasible node gives no host", () => {
  assert.equal(
    new KubeSchedulerModel(new SchedulerCluster()).schedule(aPod(), () => 0),
    undefined,
  );
});

function rarely<T>(arbitrary: fc.Arbitrary<T>, otherwise: T): fc.Arbitrary<T> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary });
}

const anyRequest = fc.record({
  cpuMilli: fc.constantFrom(0, 100, 333, 1000, 2500),
  memoryBytes: fc.constantFrom(0, GIB / 4, 1_234_567_891, 3 * GIB, 9 * GIB),
});
const anyToleration = fc.record(
  {
    key: fc.constantFrom("gpu", "slow", ""),
    operator: fc.constantFrom("Exists", "Equal", ""),
    value: fc.constantFrom("", "yes"),
    effect: fc.constantFrom("NoSchedule", "PreferNoSchedule", "NoExecute", ""),
  },
  { requiredKeys: [] },
);
const anyTerm = fc.record(
  {
    matchExpressions: fc.array(
      fc.record(
        {
          key: fc.constantFrom("disk", "rack", ZONE_LABEL),
          operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
          values: fc.array(fc.constantFrom("ssd", "a", "3", "7"), { maxLength: 2 }),
        },
        { requiredKeys: ["key", "operator"] },
      ),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);
const anySelector = fc.constantFrom(
  { matchLabels: { app: "cart" } },
  { matchLabels: { app: "shop", tier: "web" } },
  { matchExpressions: [{ key: "app", operator: "In", values: ["cart", "shop"] }] },
  { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["web"] }] },
  { matchExpressions: [{ key: "tier", operator: "Exists" }] },
  {},
);
const anyTopologyKey = fc.constantFrom(ZONE_LABEL, HOSTNAME_LABEL, "rack");
const anyAffinityTerm = fc.record(
  {
    labelSelector: anySelector,
    topologyKey: anyTopologyKey,
    namespaces: fc.constantFrom<readonly string[] | "all">("all", ["blue"], ["default", "blue"]),
  },
  { requiredKeys: ["topologyKey"] },
);
const anyWeightedTerm = fc.record({ term: anyAffinityTerm, weight: fc.integer({ min: 1, max: 100 }) });
const anyAffinity = fc.record(
  {
    required: fc.array(anyAffinityTerm, { minLength: 1, maxLength: 2 }),
    requiredApart: fc.array(anyAffinityTerm, { minLength: 1, maxLength: 2 }),
    preferred: fc.array(anyWeightedTerm, { minLength: 1, maxLength: 2 }),
    preferredApart: fc.array(anyWeightedTerm, { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const anyConstraint = fc.record(
  {
    maxSkew: fc.integer({ min: 1, max: 3 }),
    topologyKey: anyTopologyKey,
    whenUnsatisfiable: fc.constantFrom("DoNotSchedule", "ScheduleAnyway"),
    labelSelector: anySelector,
    minDomains: fc.integer({ min: 1, max: 3 }),
    nodeAffinityPolicy: fc.constantFrom("Honor", "Ignore"),
    nodeTaintsPolicy: fc.constantFrom("Honor", "Ignore"),
  },
  { requiredKeys: ["maxSkew", "topologyKey", "whenUnsatisfiable"] },
);
const anyHostPort = fc.record(
  {
    port: fc.constantFrom(80, 443),
    protocol: fc.constantFrom("TCP", "UDP"),
    ip: fc.constantFrom("10.0.0.1", "0.0.0.0"),
  },
  { requiredKeys: ["port"] },
);
const anyPod: fc.Arbitrary<SchedulerPod> = fc.record(
  {
    request: anyRequest,
    spreadGroup: fc.constantFrom("cart", "shop"),
    namespace: fc.constantFrom("default", "blue"),
    labels: fc
      .record({ app: fc.constantFrom("cart", "shop"), tier: fc.constant("web") }, { requiredKeys: [] })
      .map((labels) => labels as Record<string, string>),
    podAffinity: rarely(anyAffinity, {}),
    spreadConstraints: rarely(fc.array(anyConstraint, { minLength: 1, maxLength: 2 }), []),
    otherRequests: rarely<Record<string, number>>(fc.constantFrom({ gpu: 1 }, { gpu: 2, disk: 7 }), {}),
    hostPorts: rarely(fc.array(anyHostPort, { minLength: 1, maxLength: 2 }), []),
    images: fc.array(fc.constantFrom("small:1", "big:latest"), { minLength: 1, maxLength: 2 }),
    tolerations: fc.array(anyToleration, { maxLength: 2 }),
    nodeSelector: rarely<Record<string, string>>(fc.constant({ disk: "ssd" }), {}),
    preferredTerms: fc.array(fc.record({ weight: fc.integer({ min: 1, max: 100 }), preference: anyTerm }), {
      maxLength: 3,
    }),
  },
  { requiredKeys: ["request", "labels"] },
);
const anyChoosyPod = fc
  .tuple(anyPod, fc.array(anyTerm, { minLength: 1, maxLength: 3 }))
  .map(([pod, requiredTerms]): SchedulerPod => Object.assign(pod, { requiredTerms }));
const anyLabels = fc
  .record(
    {
      disk: fc.constantFrom("ssd", "hdd"),
      rack: fc.constantFrom("3", "5", "x"),
      [ZONE_LABEL]: fc.constantFrom("a", "b", "c"),
      [HOSTNAME_LABEL]: fc.constantFrom("host-1", "host-2", "host-3"),
    },
    { requiredKeys: [] },
  )
  .map((labels) => labels as Record<string, string>);
const anyNodes: fc.Arbitrary<NodeSpec[]> = fc
  .array(
    fc.record({
      allocatable: fc.constantFrom(
        { cpuMilli: 4000, memoryBytes: 16 * GIB },
        { cpuMilli: 32_000, memoryBytes: 64 * GIB },
        { cpuMilli: 3001, memoryBytes: 7_777_777_777 },
      ),
      podsMax: rarely(fc.constantFrom(1, 3), 110),
      labels: anyLabels,
      taints: fc.array(
        fc.record({
          key: fc.constantFrom("gpu", "slow"),
          value: fc.constantFrom("", "yes"),
          effect: rarely(fc.constantFrom("NoSchedule", "NoExecute"), "PreferNoSchedule"),
        }),
        { maxLength: 2 },
      ),
      isUnschedulable: rarely(fc.constant(true), false),
      otherAllocatable: fc.constantFrom({}, { gpu: 1 }, { gpu: 4, disk: 10 }),
      images: fc.subarray([
        { names: ["small:1", "small@sha256:0"], sizeBytes: 40 * 2 ** 20 },
        { names: ["big:latest"], sizeBytes: 1_234_567_890 },
      ]),
    }),
    { minLength: 2, maxLength: 8 },
  )
  .map((nodes) => nodes.map((node, index) => ({ ...node, name: `n${index}` })));

test("filter and totals are those of a slow and plain reading of upstream, and within 0 to 1200", () => {
  const anyPlacements = fc.array(fc.tuple(anyPod, fc.nat(7)), { maxLength: 15 });
  let compared = 0;
  fc.assert(
    fc.property(anyNodes, anyPlacements, fc.oneof(anyPod, anyChoosyPod), (nodes, placements, pod) => {
      const cluster = new SchedulerCluster(nodes);
      const placed: OraclePlacement[] = placements.map(([there, at]) => ({
        pod: there,
        nodeName: nodes[at % nodes.length]!.name,
      }));
      for (const { pod: there, nodeName } of placed) cluster.addPod(nodeName, there);
      const model = new KubeSchedulerModel(cluster);
      const { feasible } = model.filter(pod);
      const names = feasible.map(({ name }) => name);
      assert.deepEqual([...names].sort(), oracleFeasible(pod, nodes, placed).sort());
      const totals = [...model.score(pod, feasible)];
      assert.deepEqual(totals, oracleTotals(pod, names, { nodes, placed }));
      for (const total of totals) assert.ok(Number.isInteger(total) && total >= 0 && total <= 1200);
      if (totals.length > 1) compared++;
    }),
    { numRuns: 2000 },
  );
  assert.ok(compared > 400, `${compared} comparisons of two nodes or more`);
});
