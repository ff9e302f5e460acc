import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { PlannedCluster } from "./planned-cluster.ts";
import { type Carrier, type CarrierCost, savingsOf } from "./savings.ts";

const MIB = 1024 ** 2;
const OPTIONS = { proxyBase: { cpuMilli: 100, memoryBytes: 128 * MIB }, seed: 1 };

// Three apps of four pods each on four nodes, every app on every node, as kube-scheduler spreads them.
const SPREAD: PlannedCluster = {
  nodes: Array.from({ length: 4 }, (_, index) => ({
    name: `n${index}` as NodeName,
    zone: "",
    allocatable: { cpuMilli: 8000, memoryBytes: 16 * 1024 * MIB },
    traits: { labels: {}, taints: [], isUnschedulable: false, podsMax: 110 },
  })),
  pods: Array.from({ length: 12 }, (_, index) => ({
    view: {
      uid: `p${index}` as PodUid,
      namespace: "shop",
      name: `p${index}`,
      app: `shop/a${Math.floor(index / 4)}` as AppName,
      request: { cpuMilli: 500, memoryBytes: 1024 * MIB },
      nodeName: `n${index % 4}` as NodeName,
      isFinished: false,
      ownerUid: `o${Math.floor(index / 4)}`,
      proxy: undefined,
    },
    sidecar: { cpuMilli: 0, memoryBytes: 0 },
    wishes: { tolerations: [] },
    bond: undefined,
  })),
  profiles: [],
};

function costs(cluster: PlannedCluster): {
  readonly cost: Readonly<Partial<Record<Carrier, CarrierCost>>>;
  readonly nodes: Readonly<Partial<Record<Carrier, number | null>>>;
} {
  const cost: Partial<Record<Carrier, CarrierCost>> = {};
  const nodes: Partial<Record<Carrier, number | null>> = {};
  for (const part of savingsOf(cluster, OPTIONS)) {
    if (part.kind === "cost") cost[part.carrier] = part.cost;
    if (part.kind === "fewestNodes") nodes[part.carrier] = part.nodes;
  }
  return { cost, nodes };
}

test("sidecars cost by the pod, proxies by the app and node, and Berth's placement has fewest of those", () => {
  const { cost } = costs(SPREAD);
  assert.equal(cost.sidecarQuarter?.mesh.memoryBytes, 12 * 256 * MIB);
  assert.deepEqual(cost.sidecarFixed?.mesh, { cpuMilli: 1200, memoryBytes: 12 * 128 * MIB });
  assert.equal(cost.proxyAsItStands?.instances, 12);
  assert.equal(cost.proxyByDefault?.instances, 12, "kube-scheduler spreads an app's pods");
  assert.equal(cost.proxyPlacedAnew?.instances, 3);
  assert.equal(cost.proxyPlacedAnew?.unplaced, 0);
});

test("nobody does with fewer nodes than hold the requests, and default scheduling with no fewer than Berth", () => {
  const { nodes } = costs(SPREAD);
  assert.equal(nodes.proxyPlacedAnew, 1);
  for (const carrier of ["sidecarFixed", "sidecarQuarter", "proxyByDefault"] as const)
    assert.ok((nodes[carrier] ?? 0) >= 1, carrier);
});

test("default scheduling needs nodes on which every proxy can grow", () => {
  // Four pods fill a node but for 200m; one instance of each app costs more than that.
  const pods = SPREAD.pods.map((pod) => ({
    ...pod,
    view: { ...pod.view, request: { cpuMilli: 1950, memoryBytes: 64 * MIB } },
  }));
  const { cost, nodes } = costs({ ...SPREAD, pods });
  assert.equal(cost.proxyPlacedAnew?.nodesShort, 0);
  const needed = nodes.proxyByDefault ?? SPREAD.nodes.length + 1;
  assert.ok(needed >= (nodes.proxyPlacedAnew ?? 0));
});
