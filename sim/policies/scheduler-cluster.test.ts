import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ZONE_LABEL } from "./node-tree.ts";
import { SchedulerCluster } from "./scheduler-cluster.ts";

const ALLOCATABLE = { cpuMilli: 4000, memoryBytes: 2 ** 30 };
const POD = { request: { cpuMilli: 0, memoryBytes: 5 }, spreadGroup: "cart" };
const MIB = 1024 ** 2;

test("what a pod does not request counts as nothing for the filter and as the default for scores", () => {
  const cluster = new SchedulerCluster([{ name: "n", allocatable: ALLOCATABLE }]);
  cluster.addPod("n", { request: { cpuMilli: 0, memoryBytes: 0 } });
  const { cpuMilliRequested, memoryBytesRequested, cpuMilliScored, memoryBytesScored, pods } =
    cluster.node("n")!;
  assert.deepEqual(
    [cpuMilliRequested, memoryBytesRequested, cpuMilliScored, memoryBytesScored, pods],
    [0, 0, 100, 200 * MIB, 1],
  );
});

test("a node that changes keeps its pods, and its spread pods move to its new zone", () => {
  const cluster = new SchedulerCluster([{ name: "n", allocatable: ALLOCATABLE }]);
  cluster.addPod("n", POD);
  cluster.putNode({
    name: "n",
    allocatable: ALLOCATABLE,
    labels: { [ZONE_LABEL]: "b" },
    isUnschedulable: true,
  });
  const node = cluster.node("n")!;
  assert.equal(node.pods, 1);
  assert.equal(node.isUnschedulable, true);
  assert.equal(cluster.spreadCounts("cart")?.byZone[node.zoneIndex], 1);
  cluster.removePod("n", POD);
  assert.equal(cluster.spreadCounts("cart"), undefined);
});

test("a removed node is out at once, and its pods may be removed after it", () => {
  const cluster = new SchedulerCluster([{ name: "n", allocatable: ALLOCATABLE }]);
  cluster.addPod("n", POD);
  cluster.removeNode("n");
  assert.equal(cluster.node("n"), undefined);
  assert.equal(cluster.nodes.length, 0);
  cluster.removePod("n", POD);
  assert.throws(() => cluster.removePod("n", POD), /known node/);
});

test("a node that comes back while its pods are still known has them", () => {
  const cluster = new SchedulerCluster([{ name: "n", allocatable: ALLOCATABLE }]);
  cluster.addPod("n", POD);
  cluster.removeNode("n");
  cluster.putNode({ name: "n", allocatable: ALLOCATABLE });
  assert.equal(cluster.nodes[0]?.pods, 1);
});

test("removing more than was added is an error of the program", () => {
  const cluster = new SchedulerCluster([{ name: "n", allocatable: ALLOCATABLE }]);
  assert.throws(() => cluster.removePod("n", POD), /no more is removed/);
});

test("after all pods are gone in any order nothing is left on any node", () => {
  const nodes = ["n1", "n2", "n3"];
  const anyPod = fc.record({
    node: fc.constantFrom(...nodes),
    request: fc.record({ cpuMilli: fc.nat(50), memoryBytes: fc.nat(50) }),
    spreadGroup: fc.constantFrom("a", "b"),
  });
  fc.assert(
    fc.property(fc.array(anyPod), (pods) => {
      const cluster = new SchedulerCluster(nodes.map((name) => ({ name, allocatable: ALLOCATABLE })));
      for (const pod of pods) cluster.addPod(pod.node, pod);
      for (const group of ["a", "b"]) {
        const expected = pods.filter(({ spreadGroup }) => spreadGroup === group).length;
        assert.equal(cluster.spreadCounts(group)?.byZone[0] ?? 0, expected);
      }
      for (const pod of pods.toReversed()) cluster.removePod(pod.node, pod);
      for (const node of cluster.nodes) {
        assert.deepEqual(
          [node.pods, node.cpuMilliRequested, node.memoryBytesRequested, node.cpuMilliScored],
          [0, 0, 0, 0],
        );
      }
    }),
  );
});
