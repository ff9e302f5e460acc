// What grouping by app is worth: no arrangement has fewer instances than Σ over apps of ⌈pods ÷ pods per node⌉, and
// where there is room the placement reaches that, in whatever order the pods come.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodView } from "#model/cluster-view.ts";
import { costedDemand } from "#model/fit.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { SeededRandom, shuffled } from "#sim/seeded-random.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { GIB, MIB } from "#test/builders/sizes.ts";
import { allCandidates } from "./candidates.ts";
import { place } from "./placement.ts";
import { DEFAULT_PROMISE_LIMITS, promise } from "./promise.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

for (const order of ["grouped", "shuffled"] as const) {
  test(`pods that arrive ${order} by app end up in as few instances as there can be`, () => {
    for (const seed of SEEDS) {
      const workload = aWorkload(seed);
      const { instances, unplaced } = pack(workload, { order, seed, holds: "kept" });
      assert.equal(unplaced, 0, `seed ${seed}`);
      assert.equal(instances, workload.instancesMin, `seed ${seed}`);
    }
  });
}

test("without holds for siblings the shuffled order spreads apps over many more instances", () => {
  for (const seed of SEEDS) {
    const workload = aWorkload(seed);
    const { instances } = pack(workload, { order: "shuffled", seed, holds: "dropped" });
    assert.ok(
      instances > 1.5 * workload.instancesMin,
      `seed ${seed}: ${instances} instances, ${workload.instancesMin} at best`,
    );
  }
});

interface Workload {
  readonly apps: readonly { readonly name: string; readonly pods: number; readonly podsPerNodeMax: number }[];
  readonly pods: readonly PodView[];
  readonly instancesMin: number;
}

function aWorkload(seed: number): Workload {
  const random = new SeededRandom(seed);
  const apps = Array.from({ length: 30 }, (_, index) => ({
    name: `app-${index}`,
    pods: 1 + random.integer(20),
    podsPerNodeMax: 3 + random.integer(6),
    cpuMilli: 100 + 50 * random.integer(9),
    memoryBytes: (128 + 64 * random.integer(8)) * MIB,
  }));
  return {
    apps,
    pods: apps.flatMap(({ name, pods, cpuMilli, memoryBytes }) =>
      Array.from({ length: pods }, (_, index) =>
        aPod({ name: `${name}-${index}`, app: name, owner: `set-of-${name}`, cpuMilli, memoryBytes }),
      ),
    ),
    instancesMin: apps.reduce((sum, { pods, podsPerNodeMax }) => sum + Math.ceil(pods / podsPerNodeMax), 0),
  };
}

interface Packing {
  readonly order: "grouped" | "shuffled";
  readonly seed: number;
  readonly holds: "kept" | "dropped";
}

function pack(
  { apps, pods }: Workload,
  { order, seed, holds }: Packing,
): { readonly instances: number; readonly unplaced: number } {
  const ledger = new ClusterLedger();
  for (let index = 0; index < 60; index++) {
    const name = `node-${index}`;
    ledger.upsertNode(aNode({ name, cpuMilli: 8_000, memoryBytes: 32 * GIB }));
    ledger.upsertPod(aProxy({ node: name }));
  }
  for (const { name, pods, podsPerNodeMax } of apps) {
    ledger.setProfile(aProfile({ app: name, placement: { maxPodsPerNode: podsPerNodeMax } }));
    ledger.upsertOwner({ uid: `set-of-${name}`, replicas: pods });
  }
  let unplaced = 0;
  for (const pod of order === "grouped" ? pods : shuffled(pods, new SeededRandom(seed + 1_000))) {
    const demand = costedDemand(pod, ledger);
    const placement = place(demand, allCandidates(ledger), { ledger });
    if (placement === undefined) {
      unplaced++;
      continue;
    }
    const kept = holds === "kept" ? placement : { ...placement, groupPods: 1 };
    promise(ledger, { pod: demand, placement: kept }, { nowMs: 0, limits: DEFAULT_PROMISE_LIMITS });
    ledger.upsertPod({ ...pod, nodeName: placement.node });
  }
  return { instances: [...ledger.nodes()].reduce((sum, { appPods }) => sum + appPods.size, 0), unplaced };
}
