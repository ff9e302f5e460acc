import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { NodeView } from "#model/cluster-view.ts";
import type { Resources } from "#model/resources.ts";
import { planFor, type PlanOptions } from "./plan.ts";
import type { PlannedCluster, PlannedPod } from "./planned-cluster.ts";

const MIB = 1024 ** 2;
const PROXY_BASE: Resources = { cpuMilli: 100, memoryBytes: 128 * MIB };
const OPTIONS: PlanOptions = { proxyBase: PROXY_BASE, seed: 1, rounds: 3 };

function aNode(name: string, traits: Partial<NonNullable<NodeView["traits"]>> = {}): NodeView {
  return {
    name: name as NodeName,
    zone: "",
    allocatable: { cpuMilli: 8000, memoryBytes: 16 * 1024 * MIB },
    traits: { labels: {}, taints: [], isUnschedulable: false, podsMax: 110, ...traits },
  };
}

function aPod(
  uid: string,
  node: string,
  { app, ...over }: Partial<PlannedPod> & { app?: string } = {},
): PlannedPod {
  return {
    view: {
      uid: uid as PodUid,
      namespace: "default",
      name: uid,
      app: app as AppName | undefined,
      request: { cpuMilli: 1000, memoryBytes: 1024 * MIB },
      nodeName: node as NodeName,
      isFinished: false,
      ownerUid: app === undefined ? undefined : `owner-of-${app}`,
      proxy: undefined,
    },
    sidecar: { cpuMilli: app === undefined ? 0 : 100, memoryBytes: app === undefined ? 0 : 128 * MIB },
    wishes: { tolerations: [] },
    bond: undefined,
    ...over,
  };
}

// Two apps of three pods each, spread over three nodes as kube-scheduler would.
const SPREAD: PlannedCluster = {
  nodes: [aNode("n1"), aNode("n2"), aNode("n3")],
  pods: ["n1", "n2", "n3"].flatMap((node) => [
    aPod(`cart-${node}`, node, { app: "default/cart" }),
    aPod(`shop-${node}`, node, { app: "default/shop" }),
  ]),
  profiles: [],
};

test("pods that stay pay for an instance each, pods placed anew share one per app", () => {
  const { sidecars, shared, placed } = planFor(SPREAD, OPTIONS);
  assert.equal(sidecars.instances, 6);
  assert.deepEqual(sidecars.mesh, { cpuMilli: 600, memoryBytes: 6 * 128 * MIB });
  assert.equal(shared.instances, 6);
  assert.equal(placed.instances, 2);
  assert.equal(placed.unplaced, 0);
  assert.equal(placed.nodesUsed, 1);
  assert.equal(placed.podsOnNodeMax, 6);
});

test("each state is surveyed: what a node takes along, what the mesh has to know, and how many more pods fit", () => {
  // A DaemonSet's pod belongs to its node, and is nobody's loss.
  const pods = [...SPREAD.pods, aPod("cni-1", "n1", { bond: "node" })];
  const { sidecars, shared, placed } = planFor({ ...SPREAD, pods }, { ...OPTIONS, rounds: 0 });
  assert.deepEqual(
    [sidecars, shared, placed].map(({ survey }) => [
      survey.blast.node.podsMax,
      survey.blast.node.appsGoneMax,
    ]),
    [
      [2, 0],
      [2, 0],
      [6, 2],
    ],
  );
  assert.deepEqual(
    [sidecars, shared, placed].map(({ survey }) => [
      survey.discovery.entriesByPod,
      survey.discovery.entriesByNode,
      survey.mesh.instancesSavedPerNode,
    ]),
    [
      [6, undefined, 0],
      [6, 6, 0],
      [6, 2, 4],
    ],
  );
  // Seven pods of a core fit beside a sidecar each, or beside a proxy, but for the DaemonSet's pod on n1.
  for (const { survey } of [sidecars, shared, placed]) assert.equal(survey.headroom?.pods, 3 * 7 - 1 - 6);
  assert.equal(sidecars.survey.mesh.cpuShare, 600 / 24_000);
});

test("the fewest nodes are found by packing all anew", () => {
  const { sidecars, placed } = planFor(SPREAD, OPTIONS);
  assert.deepEqual(sidecars.compaction, { nodes: 1, nodesKept: 0, nodesMin: 1, nodesMax: 1, rounds: 3 });
  assert.deepEqual(placed.compaction, { nodes: 1, nodesKept: 0, nodesMin: 1, nodesMax: 1, rounds: 3 });
  assert.equal(planFor(SPREAD, { ...OPTIONS, rounds: 0 }).placed.compaction, undefined);
});

test("a bonded pod stays, its node is kept, and a DaemonSet's pod goes with its node", () => {
  const pods = [
    ...SPREAD.pods,
    aPod("disk", "n3", { app: "default/disk", bond: "volumes" }),
    aPod("cni-1", "n1", { bond: "node" }),
    aPod("cni-3", "n3", { bond: "node" }),
  ];
  const { pods: counts, placed } = planFor({ ...SPREAD, pods }, OPTIONS);
  assert.deepEqual(counts, { all: 9, mesh: 7, waiting: 0, ofNodes: 2, bonded: { volumes: 1 } });
  assert.equal(placed.compaction?.nodesKept, 1);
  assert.ok((placed.compaction.nodes ?? 0) >= 1);
  assert.equal(placed.meshPods, 7);
});

test("pods go only where taints, cordons and selectors let them", () => {
  const nodes = [
    aNode("n1", { taints: [{ key: "dedicated", effect: "NoSchedule" }] }),
    aNode("n2", { isUnschedulable: true }),
    aNode("n3", { labels: { disk: "ssd" } }),
  ];
  const { placed } = planFor({ ...SPREAD, nodes }, OPTIONS);
  assert.equal(placed.nodesUsed, 1);
  assert.equal(
    placed.compaction?.nodes,
    3,
    "the one node that may be used is never among those taken away first",
  );
  const wishes = { nodeSelector: { disk: "hdd" }, tolerations: [] };
  const choosy = SPREAD.pods.map((pod) => ({ ...pod, wishes }));
  const refused = planFor({ ...SPREAD, nodes, pods: choosy }, OPTIONS).placed;
  assert.equal(refused.unplaced, 6);
  assert.equal(refused.compaction?.nodes, undefined);
});

test("no plan overcommits a node, loses a pod, or has fewer instances than apps", () => {
  const aCluster = fc
    .array(fc.record({ app: fc.nat(4), node: fc.nat(5), cpuMilli: fc.integer({ min: 1, max: 3000 }) }), {
      minLength: 1,
      maxLength: 40,
    })
    .map((pods): PlannedCluster => ({
      nodes: Array.from({ length: 6 }, (_, index) => aNode(`n${index}`)),
      pods: pods.map(({ app, node, cpuMilli }, index) => {
        const pod = aPod(`p${index}`, `n${node}`, { app: `default/a${app}` });
        return { ...pod, view: { ...pod.view, request: { cpuMilli, memoryBytes: 64 * MIB } } };
      }),
      profiles: [],
    }));
  fc.assert(
    fc.property(aCluster, (cluster) => {
      const { placed, apps } = planFor(cluster, { ...OPTIONS, rounds: 1 });
      assert.equal(placed.nodesShort, 0);
      assert.equal(placed.meshPods + placed.unplaced, cluster.pods.length);
      assert.ok(placed.unplaced > 0 || placed.instances >= apps);
    }),
    { numRuns: 50 },
  );
});

test("the only node that a pod's selector allows is kept, and costs no others their turn to go", () => {
  const nodes = Array.from({ length: 12 }, (_, index) =>
    aNode(`n${index}`, index === 11 ? { labels: { only: "here" } } : {}),
  );
  const pinned = aPod("pinned", "n11", {
    app: "default/a",
    wishes: { nodeSelector: { only: "here" }, tolerations: [] },
  });
  const { placed } = planFor(
    { nodes, pods: [pinned, aPod("free", "n0", { app: "default/b" })], profiles: [] },
    OPTIONS,
  );
  assert.equal(placed.compaction?.nodes, 1);
  assert.equal(placed.compaction?.nodesKept, 1);
});
