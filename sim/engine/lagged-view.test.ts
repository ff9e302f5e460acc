// Schedulers that see late what has happened.

import assert from "node:assert/strict";
import { test } from "node:test";
import { generateTrace } from "../traces/generator.ts";
import type { TraceNode } from "../traces/trace.ts";
import { placementPolicies } from "./policies.ts";
import { type Replay, replay, type ReplayOptions } from "./replay.ts";
import type { RunResult } from "./run-result.ts";
import type { ScenarioEvent } from "./scenario-event.ts";
import { aTracePod, policyNamed, SMALL_NODE } from "./test-trace.ts";

const HOUR = 3600;
const NODES: readonly TraceNode[] = [1, 2, 3, 4].map((number) => ({
  name: `node-${number}`,
  allocatable: SMALL_NODE,
  zone: number % 2 === 0 ? "east" : "west",
}));
const FLEET = { kind: "fixed", nodes: NODES } as const;

const EVERYTHING: readonly ScenarioEvent[] = [
  { kind: "rollout", atSeconds: 2 * HOUR, app: "service-1" },
  { kind: "nodeLoss", atSeconds: 2 * HOUR + 90, nodes: { count: 1 }, backAfterSeconds: 1 },
  { kind: "nodeLoss", atSeconds: 3 * HOUR, nodes: { count: 2 }, evictSeconds: 0, backAfterSeconds: 60 },
  { kind: "drain", atSeconds: 5 * HOUR, nodes: { names: ["node-2"] }, backAfterSeconds: 600 },
  { kind: "proxyUpgrade", atSeconds: 6 * HOUR, nodesAtOnce: 2 },
  { kind: "zoneLoss", atSeconds: 8 * HOUR, zone: "west", evictSeconds: 1, backAfterSeconds: 2 * HOUR },
  { kind: "scale", atSeconds: 12 * HOUR, app: "service-1", replicas: 9 },
];

function run(policy: string, watchLagMs: number, more: Partial<ReplayOptions> = {}): RunResult {
  const pods = generateTrace({ seed: 1, pods: 300, spanSeconds: 24 * HOUR, podSize: 0.5 });
  return replay({
    pods,
    policy: policyNamed(policy),
    fleet: FLEET,
    seed: 1,
    events: EVERYTHING,
    conditions: { watchLagMs },
    ...more,
  });
}

for (const { name } of placementPolicies()) {
  test(`${name}: no pod is lost however late things are seen, and Berth's promises prevent overcommits`, () => {
    for (const lagMs of [1, 500, 7_000, 60_000]) {
      const told = `reproduce: lag ${lagMs}`;
      const afterEvent = (replayed: Replay): void => {
        const { arrived, running, waiting, departed, placed, unplaced } = replayed.counts();
        assert.equal(running + waiting + departed, arrived, told);
        assert.equal(placed + unplaced, arrived, told);
        for (const node of replayed.cluster.ledger.nodes()) {
          const { requested, counted, allocatable } = node;
          assert.ok(requested.cpuMilli + (counted?.cpuMilli ?? 0) <= allocatable.cpuMilli, told);
          assert.ok(requested.memoryBytes + (counted?.memoryBytes ?? 0) <= allocatable.memoryBytes, told);
        }
      };
      const { overcommits, watch } = run(name, lagMs, { afterEvent });
      if (name === "berth" || name === "best-fit") assert.equal(overcommits, 0, told);
      assert.equal(watch?.lagMs, lagMs);
    }
  });
}

test("the same lag gives the same bytes", () => {
  assert.equal(JSON.stringify(run("berth", 3_000)), JSON.stringify(run("berth", 3_000)));
});

test("a pod that is sent to a node which has gone is turned away, and placed elsewhere once that is seen", () => {
  const early = [aTracePod({ id: "a" }), aTracePod({ id: "b", from: 61 })];
  const lost: ScenarioEvent = { kind: "nodeLoss", atSeconds: 60, nodes: { count: 1 } };
  const { watch, pods, pending } = run("berth", 4_000, { pods: early, events: [lost] });
  // At 61 the loss of 60 is not seen; at 65 it is.
  assert.deepEqual(watch, { lagMs: 4_000, rejectedForRoom: 0, rejectedWithNode: 1, retries: 1 });
  assert.equal(pods.running, 2);
  assert.equal(pending.secondsMax, 4);
});

test("room that a proxy's headroom has just taken is seen late: kubelet turns the pod away, and nothing is overcommitted", () => {
  const fleet = { kind: "fixed", nodes: [{ name: "node-1", allocatable: SMALL_NODE }] } as const;
  // Ten seconds after the first pod its proxy takes headroom. What the second asks for fits beside what is required alone.
  const pods = [aTracePod({ id: "a" }), aTracePod({ id: "b", from: 11, cpuMilli: 7_310 })];
  const at = (lagMs: number): RunResult => run("berth", lagMs, { pods, fleet, events: [] });
  assert.equal(at(500).watch?.rejectedForRoom, 0);
  const late = at(5_000);
  assert.equal(late.watch?.rejectedForRoom, 1);
  assert.equal(late.overcommits, 0);
});

test("a fleet that grows does so once, however late its pods are seen", () => {
  const fleet = { kind: "auto", nodeSize: SMALL_NODE } as const;
  const pods = Array.from({ length: 40 }, (_, number) => aTracePod({ id: `p${number}`, from: number }));
  const at = (lagMs: number): RunResult => run("berth", lagMs, { pods, fleet, events: [] });
  const [prompt, late] = [at(1), at(20_000)];
  assert.equal(late.final.nodes, prompt.final.nodes);
  assert.equal(late.pods.waiting, 0);
});

test("a departure is used once it is seen", () => {
  const fleet = { kind: "fixed", nodes: [{ name: "node-1", allocatable: SMALL_NODE }] } as const;
  const pods = [
    aTracePod({ id: "a", cpuMilli: 6_000, to: 100 }),
    aTracePod({ id: "b", cpuMilli: 6_000, from: 50 }),
  ];
  const { pending } = run("kube-default", 2_000, { pods, fleet, events: [] });
  assert.equal(pending.secondsMax, 52);
});
