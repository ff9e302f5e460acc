import assert from "node:assert/strict";
import { test } from "node:test";
import { GIB, MIB } from "#test/builders/sizes.ts";
import { generateTrace } from "../traces/generator.ts";
import type { TracePod } from "../traces/trace.ts";
import { uniformNodes } from "./fleet.ts";
import { placementPolicies } from "./policies.ts";
import { replay, type ReplayOptions } from "./replay.ts";
import type { RunResult } from "./run-result.ts";
import { replayPod } from "./replay-pod.ts";
import { aTracePod, policyNamed, SMALL_NODE } from "./test-trace.ts";

const POLICIES = placementPolicies().map(({ name }) => name);

function run(policy: string, pods: readonly TracePod[], options: Partial<ReplayOptions> = {}): RunResult {
  return replay({
    pods,
    policy: policyNamed(policy),
    fleet: { kind: "auto", nodeSize: SMALL_NODE },
    seed: 1,
    ...options,
  });
}

function busyTrace(seed: number): readonly TracePod[] {
  return generateTrace({ seed, pods: 300, spanSeconds: 24 * 3600, podSize: 0.5 });
}

const THREE_PODS = [
  aTracePod({ id: "a", app: "cart", memoryMib: 1024 }),
  aTracePod({ id: "b", app: "cart", memoryMib: 2048 }),
  aTracePod({ id: "c", app: "shop", memoryMib: 4096 }),
];

test("three pods with quarter sidecars: a quarter of 1, 2 and 4 GiB, no CPU, an instance each", () => {
  const { peak, bounds, overcommits } = run("sidecar-quarter", THREE_PODS);
  assert.equal(peak.meshMemoryBytesGranted, (256 + 512 + 1024) * MIB);
  assert.equal(peak.meshMemoryBytesRequired, peak.meshMemoryBytesGranted);
  assert.equal(peak.meshCpuMilliGranted, 0);
  assert.equal(peak.instances, 3);
  assert.deepEqual(bounds, { instances: 3, nodes: 1, instancesAverage: undefined });
  assert.equal(overcommits, 0);
});

test("three pods with fixed sidecars: Istio's request three times", () => {
  const { peak } = run("sidecar-fixed", THREE_PODS);
  assert.equal(peak.meshMemoryBytesGranted, 3 * 128 * MIB);
  assert.equal(peak.meshCpuMilliGranted, 300);
});

test("three pods of two apps on one node proxy: its base, two instances, three pods, and no headroom before a calm", () => {
  const { peak, bounds } = run("berth", THREE_PODS);
  // The default profile charges a pod 10 MiB, 20 connections of 32 KiB and a twentieth of 10 MiB.
  const perPod = 10 * MIB + 20 * 32 * 1024 + 10 * MIB * 0.05;
  assert.equal(peak.meshMemoryBytesRequired, 128 * MIB + 2 * 200 * MIB + 3 * perPod);
  assert.equal(peak.meshMemoryBytesGranted, peak.meshMemoryBytesRequired);
  assert.equal(peak.instances, 2);
  assert.equal(peak.nodesUsed, 1);
  assert.deepEqual(bounds, { instances: 2, nodes: 1, instancesAverage: undefined });
});

test("kube-scheduler overcommits a node whose proxy has not grown; Berth takes the node with room for both", () => {
  // 3.7 GiB and the small proxy of an empty node fit into 4 GiB; with the app's instance they do not.
  const pods = [aTracePod({ memoryMib: 3789 })];
  const tight = { name: "node-1", allocatable: { cpuMilli: 4_000, memoryBytes: 4 * GIB } };
  const roomy = { name: "node-2", allocatable: { cpuMilli: 4_000, memoryBytes: 5 * GIB } };
  const onTight = { fleet: { kind: "fixed", nodes: [tight] } } as const;
  assert.equal(run("kube-default", pods, onTight).overcommits, 1);
  assert.deepEqual(counted(run("berth", pods, onTight)), { placed: 0, unplaced: 1, overcommits: 0 });
  const onBoth = { fleet: { kind: "fixed", nodes: [tight, roomy] } } as const;
  assert.deepEqual(counted(run("berth", pods, onBoth)), { placed: 1, unplaced: 0, overcommits: 0 });
});

function counted({ pods: { placed, unplaced }, overcommits }: RunResult): object {
  return { placed, unplaced, overcommits };
}

test("a pod that finds no room waits until one leaves, and one that leaves while it waits is never placed", () => {
  const whole = { cpuMilli: 6_000, fleet: { kind: "fixed", nodes: uniformNodes(1, SMALL_NODE) } } as const;
  const pods = [
    aTracePod({ id: "first", cpuMilli: whole.cpuMilli, from: 0, to: 100 }),
    aTracePod({ id: "impatient", cpuMilli: whole.cpuMilli, from: 1, to: 50 }),
    aTracePod({ id: "patient", cpuMilli: whole.cpuMilli, from: 2, to: 200 }),
  ];
  for (const policy of POLICIES) {
    const seen: string[] = [];
    const { pods: counts } = run(policy, pods, {
      fleet: whole.fleet,
      afterEvent: (replay) => seen.push(`${replay.counts().running}/${replay.counts().waiting}`),
    });
    assert.deepEqual(seen, ["1/0", "1/1", "1/2", "1/1", "0/1", "0/0"], policy);
    assert.equal(counts.placed, 2);
    assert.equal(counts.unplaced, 1);
  }
});

test("of pods that wait, the one that came first is placed first, whichever is larger", () => {
  for (const [earlierCpu, laterCpu] of [
    [6_000, 6_000],
    [6_000, 3_000],
    [3_000, 6_000],
  ] as const) {
    const pods = [
      aTracePod({ id: "present", app: "a", cpuMilli: 6_000, from: 0, to: 100 }),
      aTracePod({ id: "earlier", app: "b", cpuMilli: earlierCpu, from: 1 }),
      aTracePod({ id: "later", app: "c", cpuMilli: laterCpu, from: 2 }),
    ];
    for (const policy of POLICIES) {
      let running = "";
      run(policy, [...pods, aTracePod({ id: "last", app: "d", cpuMilli: 6_000, from: 101 })], {
        fleet: { kind: "fixed", nodes: uniformNodes(1, SMALL_NODE) },
        afterEvent: ({ cluster }) => {
          running =
            pods.find((pod) => cluster.nodeOf(replayPod(pod, cluster.mesh)) !== undefined)?.id ?? "none";
        },
      });
      assert.equal(running, "earlier", `${policy}: ${earlierCpu}, then ${laterCpu}`);
    }
  }
});

test("room that only an app of the node can use goes to its pod, past one of the same size that came before", () => {
  // 16 GiB less the staying pod, the proxy and its instance are 14.9 GiB, and less than another instance's base beside.
  const memoryMib = 14_900;
  const pods = [
    aTracePod({ id: "stays" }),
    aTracePod({ id: "leaves", memoryMib, to: 100 }),
    aTracePod({ id: "earlier", app: "other", memoryMib, from: 1 }),
    aTracePod({ id: "sibling", memoryMib, from: 2 }),
  ];
  const { pods: counts, overcommits } = run("berth", pods, {
    fleet: { kind: "fixed", nodes: uniformNodes(1, SMALL_NODE) },
  });
  assert.deepEqual([counts.placed, counts.waiting, overcommits], [3, 1, 0]);
});

test("a pod waits for the room that a proxy gives back when it shrinks", () => {
  const brief = Array.from({ length: 10 }, (_, index) =>
    aTracePod({ id: `b${index}`, app: `brief-${index}`, cpuMilli: 10, memoryMib: 1, to: 10 }),
  );
  const waiter = aTracePod({ id: "waiter", app: "large", memoryMib: 15 * 1024, from: 5 });
  const later = [800, 1_000].map((from) =>
    aTracePod({ id: `at-${from}`, app: "tiny", cpuMilli: 1, memoryMib: 1, from }),
  );
  for (const policy of ["kube-default", "berth"]) {
    const placed: boolean[] = [];
    run(policy, [...brief, waiter, ...later], {
      fleet: { kind: "fixed", nodes: uniformNodes(1, SMALL_NODE) },
      afterEvent: ({ cluster }) => placed.push(cluster.nodeOf(replayPod(waiter, cluster.mesh)) !== undefined),
    });
    assert.deepEqual(placed.slice(-2), [false, true], policy);
  }
});

test("more pods than a kubelet takes need another node, whatever their size", () => {
  const pods = Array.from({ length: 12 }, (_, index) =>
    aTracePod({ id: `p${index}`, cpuMilli: 1, memoryMib: 1 }),
  );
  for (const policy of POLICIES) {
    const { peak, pods: counts } = run(policy, pods, { podsPerNodeMax: 6 });
    assert.equal(counts.placed, 12, policy);
    // The proxy takes one of the six places.
    assert.equal(peak.nodesUsed, policy.startsWith("sidecar") ? 2 : 3, policy);
  }
});

test("an app's limit per node is kept by Berth and counted against kube-scheduler", () => {
  const pods = Array.from({ length: 6 }, (_, index) => aTracePod({ id: `p${index}`, maxPerNode: 2 }));
  const fleet = { kind: "fixed", nodes: uniformNodes(2, SMALL_NODE) } as const;
  const berth = run("berth", pods, { fleet });
  assert.equal(berth.capViolations, 0);
  assert.equal(berth.pods.waiting, 2);
  assert.equal(run("kube-default", pods, { fleet }).capViolations, 2);
  assert.equal(berth.bounds.instances, 2);
});

test("siblings that arrive in any order meet on one node", () => {
  const apps = ["a", "b", "c", "d"];
  const pods = Array.from({ length: 16 }, (_, index) =>
    aTracePod({ id: `p${index}`, app: apps[index % 4] ?? "" }),
  );
  const { peak } = run("berth", pods, { fleet: { kind: "fixed", nodes: uniformNodes(4, SMALL_NODE) } });
  assert.equal(peak.instances, 4);
});

for (const policy of POLICIES) {
  test(`${policy}: the same options give the same result`, () => {
    const options = { seed: 7 };
    assert.deepEqual(run(policy, busyTrace(4), options), run(policy, busyTrace(4), options));
  });

  test(`${policy}: no result is better than the bounds`, () => {
    for (const seed of [5, 6]) {
      const { peak, bounds } = run(policy, busyTrace(seed));
      assert.ok(bounds.nodes !== undefined && peak.nodesUsed >= bounds.nodes);
      assert.ok(peak.instances >= bounds.instances);
    }
  });
}

test("averages are over the time from the first arrival to the last", () => {
  const pods = [
    aTracePod({ id: "a", from: 1000 }),
    aTracePod({ id: "b", from: 1000, to: 1050 }),
    aTracePod({ id: "c", from: 1100, to: 5000 }),
  ];
  const { average, peak } = run("sidecar-fixed", pods);
  assert.equal(average?.pods, 1.5);
  assert.equal(average?.meshMemoryBytesGranted, 1.5 * 128 * MIB);
  assert.equal(peak.pods, 2);
  assert.equal(peak.atSeconds, 1000);
});

test("a trace without times has no averages", () => {
  assert.equal(run("berth", THREE_PODS).average, undefined);
});

test("an empty trace gives an empty result", () => {
  const { pods, peak } = run("berth", []);
  assert.equal(pods.arrived, 0);
  assert.equal(peak.nodes, 0);
});
