import assert from "node:assert/strict";
import { test } from "node:test";
import { imageScore } from "./image-locality.ts";
import { SchedulerCluster } from "./scheduler-cluster.ts";

const MIB = 1024 ** 2;

function score(images: readonly string[], sizeBytes: number, nodesWith = 10): number {
  const onNode = new Map([["big:latest", sizeBytes]]);
  return imageScore(onNode, { images, nodesWith: () => nodesWith, nodeCount: 10 });
}

test("an image counts between 23 MiB and 1,000 MiB per container", () => {
  assert.deepEqual(
    [22, 23, 33, 999, 1000, 5000].map((mib) => score(["big:latest"], mib * MIB)),
    [0, 0, 1, 99, 100, 100],
  );
  assert.equal(score(["big:latest", "other:1"], 1000 * MIB), Math.trunc((100 * (1000 - 23)) / (2000 - 23)));
});

test("an image that few nodes have counts less", () => {
  assert.equal(score(["big:latest"], 1000 * MIB, 5), Math.trunc((100 * (500 - 23)) / (1000 - 23)));
});

test("a name without a tag means latest, a port is no tag", () => {
  assert.equal(score(["big"], 1000 * MIB), 100);
  const onNode = new Map([["registry:5000/big:latest", 1000 * MIB]]);
  assert.equal(imageScore(onNode, { images: ["registry:5000/big"], nodesWith: () => 1, nodeCount: 1 }), 100);
});

test("the cluster counts nodes by image as nodes come, change and go", () => {
  const allocatable = { cpuMilli: 1000, memoryBytes: MIB };
  const images = [{ names: ["big:1", "big@sha256:0"], sizeBytes: 5 }];
  const cluster = new SchedulerCluster([
    { name: "a", allocatable, images },
    { name: "b", allocatable, images },
  ]);
  const count = (): readonly number[] =>
    ["big:1", "big@sha256:0"].map((name) => cluster.nodesWithImage(name));
  assert.deepEqual(count(), [2, 2]);
  cluster.putNode({ name: "a", allocatable, images });
  assert.deepEqual(count(), [2, 2]);
  cluster.putNode({ name: "a", allocatable });
  assert.deepEqual(count(), [1, 1]);
  cluster.addPod("b", { request: { cpuMilli: 0, memoryBytes: 0 } });
  cluster.removeNode("b");
  assert.deepEqual(count(), [0, 0]);
  cluster.putNode({ name: "b", allocatable, images });
  assert.deepEqual(count(), [1, 1]);
});
