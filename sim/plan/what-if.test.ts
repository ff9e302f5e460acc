import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { PlannedCluster, PlannedPod } from "./planned-cluster.ts";
import { type Change, whatIf } from "./what-if.ts";

const MIB = 1024 ** 2;
const OPTIONS = { proxyBase: { cpuMilli: 100, memoryBytes: 128 * MIB }, seed: 1 };

function aPod(index: number, node: number, over: Partial<PlannedPod> & { app?: number } = {}): PlannedPod {
  const { app = 0, ...rest } = over;
  const request: Resources = { cpuMilli: 1000, memoryBytes: 1024 * MIB };
  return {
    view: {
      uid: `p${index}` as PodUid,
      namespace: "shop",
      name: `p${index}`,
      app: `shop/a${app}` as AppName,
      request,
      nodeName: `n${node}` as NodeName,
      isFinished: false,
      ownerUid: `o${app}`,
      proxy: undefined,
    },
    sidecar: { cpuMilli: 0, memoryBytes: 0 },
    wishes: { tolerations: [] },
    bond: undefined,
    ...rest,
  };
}

function aCluster(pods: readonly PlannedPod[], nodes = 3): PlannedCluster {
  return {
    nodes: Array.from({ length: nodes }, (_, index) => ({
      name: `n${index}` as NodeName,
      zone: `zone-${index % 2}`,
      allocatable: { cpuMilli: 4500, memoryBytes: 16 * 1024 * MIB },
      traits: { labels: {}, taints: [], isUnschedulable: false, podsMax: 110 },
    })),
    pods,
    profiles: [],
  };
}

// App 0 on all three nodes, app 1 on the last alone.
const CLUSTER = aCluster([aPod(0, 0), aPod(1, 1), aPod(2, 2), aPod(3, 2, { app: 1 })]);

test("a lost node's pods go to where their app runs already, and what is lost with it is told apart", () => {
  const { before, after, lost, moved, unplaced } = whatIf(
    CLUSTER,
    { kind: "loseNodes", nodes: ["n2" as NodeName] },
    OPTIONS,
  );
  assert.deepEqual(lost, { nodes: 1, pods: 2, apps: 2, appsWhole: ["shop/a1"] });
  assert.equal(moved, 2);
  assert.deepEqual(unplaced, []);
  assert.deepEqual([before.nodes, before.instances, before.meshPods], [3, 4, 4]);
  assert.deepEqual([after.nodes, after.instances, after.meshPods], [2, 3, 4]);
});

test("pods that find no node are counted by app, with what keeps them out", () => {
  const full = aCluster(
    Array.from({ length: 9 }, (_, index) => aPod(index, index % 3)),
    3,
  );
  const { after, unplaced, obstacles } = whatIf(full, { kind: "loseZone", zone: "zone-0" }, OPTIONS);
  assert.equal(after.nodes, 1);
  const [first] = unplaced;
  assert.equal(first?.of, "shop/a0");
  assert.equal(after.waiting, first?.pods);
  assert.equal(after.meshPods + after.waiting, 9);
  assert.equal(
    obstacles.reduce((sum, { nodes }) => sum + nodes, 0),
    1,
  );
});

test("a drained node is the emptiest, and nothing is lost with it", () => {
  const { after, moved, lost } = whatIf(
    aCluster([aPod(0, 0), aPod(1, 0), aPod(2, 2)]),
    { kind: "drain", count: 2 },
    OPTIONS,
  );
  assert.equal(lost, undefined);
  assert.equal(moved, 1);
  assert.deepEqual([after.nodes, after.nodesUsed, after.instances], [1, 1, 1]);
});

test("twice an app is twice its pods, placed beside the others", () => {
  const { before, after } = whatIf(
    CLUSTER,
    { kind: "multiply", app: "shop/a1" as AppName, factor: 2 },
    OPTIONS,
  );
  assert.equal(after.meshPods, before.meshPods + 1);
  assert.equal(after.instances, before.instances);
});

test("a cap is compared with the same rollouts without it", () => {
  const { rolledOut, after } = whatIf(CLUSTER, { kind: "cap", podsPerNodeMax: 1, app: undefined }, OPTIONS);
  assert.equal(rolledOut?.instances, 2);
  assert.equal(after.instances, 4);
  assert.equal(after.waiting, 0);
  const limitless = whatIf(CLUSTER, { kind: "cap", podsPerNodeMax: 9, app: undefined }, OPTIONS);
  assert.deepEqual(limitless.after, limitless.rolledOut);
});

test("nodes keep the corrections that were measured for them", () => {
  const change: Change = { kind: "drain", count: 1 };
  const corrections = new Map([["n0" as NodeName, { cpu: 2, memory: 2 }]]);
  const plain = whatIf(CLUSTER, change, OPTIONS).before.mesh;
  const corrected = whatIf({ ...CLUSTER, corrections }, change, OPTIONS).before.mesh;
  assert.ok(corrected.memoryBytes > plain.memoryBytes);
});

test("names that are nowhere are refused, with those that are", () => {
  const refused = (change: Change, pattern: RegExp): void =>
    assert.throws(
      () => whatIf(CLUSTER, change, OPTIONS),
      (error: unknown) => error instanceof UsageError && pattern.test(error.message),
    );
  refused({ kind: "loseZone", zone: "moon" }, /zone "moon"; the nodes' zones: zone-0, zone-1/);
  refused({ kind: "loseNodes", nodes: ["n9" as NodeName] }, /no node "n9"/);
  refused({ kind: "multiply", app: "x/y" as AppName, factor: 2 }, /no pod is of an app "x\/y"/);
  refused({ kind: "drain", count: 3 }, /drain fewer/);
});

test("no change loses a pod or makes one, whatever the cluster", () => {
  const pods = fc.array(
    fc.record({ app: fc.nat(3), node: fc.nat(4), ofNode: fc.boolean(), waits: fc.boolean() }),
    { minLength: 1, maxLength: 40 },
  );
  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.record({ kind: fc.constant("drain" as const), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant("loseZone" as const), zone: fc.constantFrom("zone-0", "zone-1") }),
    fc.record({
      kind: fc.constant("cap" as const),
      podsPerNodeMax: fc.integer({ min: 1, max: 4 }),
      app: fc.constant(undefined),
    }),
  );
  fc.assert(
    fc.property(pods, change, (given, change) => {
      const all = given.map(({ app, node, ofNode, waits }, index) => {
        const pod = aPod(index, node, { app, ...(ofNode && { bond: "node" as const }) });
        return waits && !ofNode ? { ...pod, view: { ...pod.view, nodeName: undefined } } : pod;
      });
      const { before, after, unplaced } = whatIf(aCluster(all, 5), change, OPTIONS);
      const missing = unplaced.reduce((sum, { pods }) => sum + pods, 0);
      assert.equal(after.waiting, before.waiting + missing);
      assert.equal(before.nodesShort === 0 ? after.nodesShort : 0, 0);
    }),
    { numRuns: 100 },
  );
});
