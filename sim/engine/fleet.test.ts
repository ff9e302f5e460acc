import assert from "node:assert/strict";
import { test } from "node:test";
import { appProfiles } from "./app-profiles.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { Fleet } from "./fleet.ts";
import { DEFAULT_PLANNER_OPTIONS } from "#vpa-recommender/policy/resize-planner.ts";
import { ProxySizing } from "./proxy-sizing.ts";
import { DEFAULT_PROXY_BASE, replay } from "./replay.ts";
import { ReplayCluster } from "./replay-cluster.ts";
import { type MeshModel, replayPod } from "./replay-pod.ts";
import { aTracePod, policyNamed, SMALL_NODE } from "./test-trace.ts";

const MESH: MeshModel = { kind: "nodeProxy" };

function aFleet() {
  const pods = ["a", "b", "c"].map((id) => aTracePod({ id, app: id, cpuMilli: 4_000 }));
  const clock = new VirtualClock();
  const proxy = { base: DEFAULT_PROXY_BASE, template: ProxySizing.template(DEFAULT_PROXY_BASE) };
  const cluster = new ReplayCluster({ mesh: MESH, proxy, profiles: appProfiles(pods, {}) });
  const fleet = new Fleet({ kind: "auto", nodeSize: SMALL_NODE }, { cluster, clock, podsPerNodeMax: 110 });
  // Shrinking comes before empty nodes go, so that it is seen.
  const sizing = new ProxySizing(cluster, clock, {
    planner: { ...DEFAULT_PLANNER_OPTIONS, shrinkDelayMs: 300_000 },
  });
  cluster.observe(fleet);
  cluster.observe(sizing);
  const nodeCount = () => [...cluster.ledger.nodes()].length;
  return { clock, cluster, fleet, sizing, nodeCount, pods: pods.map((pod) => replayPod(pod, MESH)) };
}

test("the nodes that waiting pods need come all together, the proxy's template counted", () => {
  const { fleet, pods } = aFleet();
  // Two pods of 4 cores do not fit beside the proxy into 8.
  assert.equal(fleet.growFor(pods).length, 3);
});

test("a pod that no node could hold brings no node", () => {
  const { fleet } = aFleet();
  assert.deepEqual(fleet.growFor([replayPod(aTracePod({ cpuMilli: 8_000 }), MESH)]), []);
});

test("a node leaves ten minutes after its last pod, and not before", () => {
  const { fleet, cluster, clock, nodeCount, pods } = aFleet();
  const [node] = fleet.growFor(pods.slice(0, 1));
  const [pod, next] = pods;
  assert.ok(node !== undefined && pod !== undefined && next !== undefined);
  cluster.bind(pod, node.name);
  clock.advanceTo(3_600_000);
  assert.equal(nodeCount(), 1, "a used node stays");
  cluster.unbind(pod);
  clock.advanceTo(3_600_000 + 599_999);
  cluster.bind(next, node.name);
  clock.advanceTo(3_600_000 + 1_200_000);
  assert.equal(nodeCount(), 1, "a node used again stays");
  cluster.unbind(next);
  clock.advanceTo(clock.nowMs() + 599_999);
  assert.equal(nodeCount(), 1);
  clock.advanceTo(clock.nowMs() + 1);
  assert.equal(nodeCount(), 0);
});

test("a node that never got a pod leaves too", () => {
  const { fleet, clock, nodeCount, pods } = aFleet();
  fleet.growFor(pods);
  clock.advanceTo(600_000);
  assert.equal(nodeCount(), 0);
});

test("a proxy grows at once for its apps, takes headroom in a calm, and shrinks five minutes after they have gone", () => {
  const { fleet, cluster, clock, sizing, pods } = aFleet();
  const [node] = fleet.growFor(pods.slice(0, 1));
  const [pod] = pods;
  assert.ok(node !== undefined && pod !== undefined);
  const template = node.counted;
  cluster.bind(pod, node.name);
  assert.equal(sizing.grown, 1);
  assert.equal(node.counted?.memoryBytes, node.required().memoryBytes);
  clock.advanceTo(10_000);
  assert.equal(sizing.grown, 2);
  assert.ok((node.counted?.memoryBytes ?? 0) > node.required().memoryBytes);
  cluster.unbind(pod);
  clock.advanceTo(309_999);
  assert.equal(sizing.shrunk, 0);
  clock.advanceTo(310_000);
  assert.equal(sizing.shrunk, 1);
  assert.deepEqual(node.counted, template);
});

test("pods that come after others left reuse the nodes, or get new ones once these have left", () => {
  const early = aTracePod({ id: "early", to: 100 });
  const nodes = (from: number): readonly string[] => {
    const names: string[] = [];
    const late = aTracePod({ id: "late", from });
    const options = {
      policy: policyNamed("berth"),
      seed: 1,
      fleet: { kind: "auto", nodeSize: SMALL_NODE },
    } as const;
    replay({
      ...options,
      pods: [early, late],
      afterEvent: ({ cluster }) => {
        const node = cluster.nodeOf(replayPod(late, MESH));
        if (node !== undefined) names.push(node);
      },
    });
    return names;
  };
  assert.deepEqual(nodes(699), ["node-000001"]);
  assert.deepEqual(nodes(701), []);
});
