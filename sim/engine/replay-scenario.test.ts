// What must hold when things happen beside the trace, whatever the policy.

import assert from "node:assert/strict";
import { test } from "node:test";
import { generateTrace } from "../traces/generator.ts";
import type { TraceNode, TracePod } from "../traces/trace.ts";
import { placementPolicies } from "./policies.ts";
import { type Replay, replay } from "./replay.ts";
import type { RunResult } from "./run-result.ts";
import type { ScenarioEvent } from "./scenario-event.ts";
import { aTracePod, policyNamed, SMALL_NODE } from "./test-trace.ts";

const HOUR = 3600;

const zonedNodes = (count: number): readonly TraceNode[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `node-${index + 1}`,
    allocatable: SMALL_NODE,
    zone: index % 2 === 0 ? "east" : "west",
  }));

const EVERYTHING: readonly ScenarioEvent[] = [
  { kind: "rollout", atSeconds: 2 * HOUR, app: "service-1" },
  { kind: "nodeLoss", atSeconds: 2 * HOUR + 90, nodes: { count: 1 }, backAfterSeconds: HOUR },
  { kind: "scale", atSeconds: 4 * HOUR, app: "service-1", replicas: 9 },
  { kind: "drain", atSeconds: 5 * HOUR, nodes: { names: ["node-2"] }, backAfterSeconds: 600 },
  { kind: "proxyUpgrade", atSeconds: 6 * HOUR, nodesAtOnce: 2 },
  { kind: "zoneLoss", atSeconds: 8 * HOUR, zone: "west", backAfterSeconds: 2 * HOUR },
  { kind: "scale", atSeconds: 12 * HOUR, app: "service-1", replicas: 1 },
];

for (const policy of placementPolicies()) {
  test(`${policy.name}: no pod is lost, and no node overcommitted, whatever happens beside the trace`, () => {
    for (const seed of [1, 2]) {
      const pods = generateTrace({ seed, pods: 200, spanSeconds: 24 * HOUR, podSize: 0.5 });
      const afterEvent = (run: Replay): void => {
        const { arrived, running, waiting, departed, placed, unplaced } = run.counts();
        const told = `reproduce: seed ${seed}`;
        assert.equal(running + waiting + departed, arrived, told);
        assert.equal(placed + unplaced, arrived, told);
        if (policy.name.startsWith("berth")) assert.equal(run.overcommits, 0, told);
      };
      const fleet = { kind: "fixed", nodes: zonedNodes(4) } as const;
      const { pods: counts } = replay({ pods, policy, fleet, seed, afterEvent, events: EVERYTHING });
      assert.ok(counts.arrived > pods.length, "pods were made anew");
    }
  });
}

function after(pods: readonly TracePod[], events: readonly ScenarioEvent[], nodes = 4): RunResult {
  const fleet = { kind: "fixed", nodes: zonedNodes(nodes) } as const;
  return replay({ pods, policy: policyNamed("berth"), fleet, seed: 1, events });
}

const CARTS = [1, 2, 3, 4].map((number) => aTracePod({ id: `cart-${number}` }));

test("a rollout replaces every pod and leaves as many", () => {
  const { pods, overcommits } = after(CARTS, [{ kind: "rollout", atSeconds: 60, app: "cart" }]);
  assert.equal(pods.running, 4);
  assert.equal(pods.arrived, 8);
  assert.equal(overcommits, 0);
});

test("a rollout makes no more pods beyond the app's own than its surge", () => {
  const app = Array.from({ length: 8 }, (_, index) => aTracePod({ id: `cart-${index}` }));
  const most = (surgeShare: number): number => {
    let running = 0;
    replay({
      pods: app,
      policy: policyNamed("berth"),
      fleet: { kind: "fixed", nodes: zonedNodes(4) },
      seed: 1,
      events: [{ kind: "rollout", atSeconds: 60, app: "cart", surgeShare }],
      afterEvent: (run) => (running = Math.max(running, run.counts().running)),
    });
    return running;
  };
  assert.deepEqual([0.25, 0.5, 1].map(most), [10, 12, 16]);
});

test("a rollout without room for even one more pod ends as it began", () => {
  const full = [1, 2].map((number) => aTracePod({ id: `cart-${number}`, cpuMilli: 7_000 }));
  const { pods } = after(full, [{ kind: "rollout", atSeconds: 60, app: "cart" }], 2);
  assert.equal(pods.running, 2);
  assert.equal(pods.placed, 2);
  assert.equal(pods.waiting, 0);
});

test("the pods of a lost node are missed for a while, and then made anew elsewhere", () => {
  const { pods, blasts } = after(CARTS, [
    { kind: "nodeLoss", atSeconds: 60, nodes: { count: 1 }, evictSeconds: 100 },
  ]);
  assert.equal(pods.running, 4);
  assert.deepEqual(blasts, [{ kind: "node", pods: 4, apps: 1 }]);
});

test("a pod that the trace takes away while its node is lost does not come back", () => {
  const leaving = CARTS.map((pod) => Object.assign({}, pod, { deleteSeconds: 100 }));
  const { pods } = after(leaving, [{ kind: "nodeLoss", atSeconds: 60, nodes: { count: 1 } }]);
  assert.equal(pods.running, 0);
  assert.equal(pods.arrived, 4);
});

test("a zone that is lost takes all of its nodes along at once", () => {
  const spread = [1, 2, 3, 4].map((number) => aTracePod({ id: `cart-${number}`, maxPerNode: 1 }));
  const { pods, blasts } = after(spread, [{ kind: "zoneLoss", atSeconds: 60, zone: "east" }]);
  assert.deepEqual(blasts, [{ kind: "zone", pods: 2, apps: 1 }]);
  assert.equal(pods.running, 2);
  assert.equal(pods.waiting, 2);
});

test("an app that is scaled has as many pods as it was told", () => {
  const scaled = (replicas: number): number =>
    after(CARTS, [{ kind: "scale", atSeconds: 60, app: "cart", replicas }]).pods.running;
  assert.deepEqual([7, 4, 2, 0].map(scaled), [7, 4, 2, 0]);
});

test("an app whose pods are all missing is scaled as well, and has no more pods than it was told", () => {
  const events = (replicas: number): readonly ScenarioEvent[] => [
    { kind: "nodeLoss", atSeconds: 60, nodes: { count: 1 }, evictSeconds: 100 },
    { kind: "scale", atSeconds: 90, app: "cart", replicas },
  ];
  const running = (replicas: number): number => after(CARTS, events(replicas)).pods.running;
  assert.deepEqual([6, 4, 3, 0].map(running), [6, 4, 3, 0]);
});

test("an app all of whose pods have left, or have yet to come, is scaled to new ones", () => {
  const left = CARTS.map((pod) => Object.assign({}, pod, { deleteSeconds: 30 }));
  const coming = CARTS.map((pod) => Object.assign({}, pod, { createSeconds: 600 }));
  const stays = aTracePod({ id: "stays", app: "shop" });
  const events: readonly ScenarioEvent[] = [{ kind: "scale", atSeconds: 60, app: "cart", replicas: 2 }];
  assert.equal(after([stays, ...left], events).pods.running, 3);
  assert.equal(after([stays, ...coming], events).pods.running, 7);
});

test("while proxies are upgraded two of them take room on a node, and afterwards one", () => {
  const events: readonly ScenarioEvent[] = [
    { kind: "proxyUpgrade", atSeconds: 60, nodesAtOnce: 1, stepSeconds: 50 },
  ];
  const late = [...CARTS, aTracePod({ id: "late", from: 70, to: 71 })];
  const granted = (during: readonly ScenarioEvent[]): readonly number[] => {
    const { peak, final } = after(late, during, 1);
    return [peak, final].map(({ meshMemoryBytesGranted }) => meshMemoryBytesGranted);
  };
  const [peak = 0, final = 0] = granted(events);
  const [peakAlone = 0, finalAlone = 0] = granted([]);
  assert.ok(peak > peakAlone, "both count");
  assert.equal(final, finalAlone);
});

test("the same scenario gives the same bytes", () => {
  const run = (): string => {
    const pods = generateTrace({ seed: 5, pods: 150, spanSeconds: 24 * HOUR, podSize: 0.5 });
    return JSON.stringify(after(pods, EVERYTHING));
  };
  assert.equal(run(), run());
});
