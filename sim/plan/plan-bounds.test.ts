import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import { planFor } from "./plan.ts";
import type { PlannedCluster } from "./planned-cluster.ts";

const MIB = 1024 ** 2;
const PROXY_BASE = { cpuMilli: 100, memoryBytes: 128 * MIB };

function aCluster(
  pods: readonly { app: number; node: number; cpuMilli: number; isOfNode: boolean }[],
): PlannedCluster {
  return {
    nodes: Array.from({ length: 5 }, (_, index) => ({
      name: `n${index}` as NodeName,
      zone: "",
      allocatable: { cpuMilli: 4000 + 1000 * index, memoryBytes: 8192 * MIB },
      traits: { labels: {}, taints: [], isUnschedulable: false, podsMax: 12 },
    })),
    pods: pods.map(({ app, node, cpuMilli, isOfNode }, index) => ({
      view: {
        uid: `p${index}` as PodUid,
        namespace: "default",
        name: `p${index}`,
        app: isOfNode ? undefined : (`default/a${app}` as AppName),
        request: { cpuMilli, memoryBytes: 100 * MIB },
        nodeName: `n${node}` as NodeName,
        isFinished: false,
        ownerUid: `o${app}`,
        proxy: undefined,
      },
      sidecar: isOfNode ? { cpuMilli: 0, memoryBytes: 0 } : { cpuMilli: 100, memoryBytes: 128 * MIB },
      wishes: { tolerations: [] },
      bond: isOfNode ? ("node" as const) : undefined,
    })),
    profiles: [],
  };
}

test("no plan and no compaction does with less than the bounds", () => {
  const pods = fc.array(
    fc.record({
      app: fc.nat(3),
      node: fc.nat(4),
      cpuMilli: fc.integer({ min: 50, max: 900 }),
      isOfNode: fc.boolean(),
    }),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(pods, (given) => {
      const { bounds, placed, sidecars } = planFor(aCluster(given), {
        proxyBase: PROXY_BASE,
        seed: 1,
        rounds: 2,
      });
      if (placed.unplaced === 0) assert.ok(placed.instances >= bounds.instances);
      if (placed.compaction?.nodes !== undefined)
        assert.ok(placed.compaction.nodes >= (bounds.nodes ?? Infinity));
      if (sidecars.compaction?.nodes !== undefined)
        assert.ok(sidecars.compaction.nodes >= (bounds.sidecarNodes ?? Infinity));
    }),
    { numRuns: 60 },
  );
});

test("a full node's worth of pods needs a node, and one core more needs two", () => {
  const pod = { app: 0, node: 4, cpuMilli: 900, isOfNode: false };
  const nodesOf = (count: number): number | undefined =>
    planFor(aCluster(Array.from({ length: count }, () => pod)), { proxyBase: PROXY_BASE, seed: 1, rounds: 0 })
      .bounds.sidecarNodes;
  assert.equal(nodesOf(8), 1);
  assert.equal(nodesOf(9), 2);
});
