// Placement against a slow reading of its rules: every node added up anew from plain lists, sorted whole.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { costedDemand } from "#model/fit.ts";
import { ClusterLedger, type PodDemand } from "#model/ledger.ts";
import type { Resources } from "#model/resources.ts";
import { anyDemand, anyEvent, NODE_NAMES } from "#test/builders/cluster-events.ts";
import { roomyNodes } from "#test/builders/roomy-nodes.ts";
import { PlainCluster } from "#test/oracle/plain-cluster.ts";
import { everyCandidate } from "#test/oracle/every-candidate.ts";
import { copiesOf, plainFreeAfter, plainRejection, plainZoneExcess } from "#test/oracle/plain-fit.ts";
import { allCandidates, type Candidates, namedCandidates } from "./candidates.ts";
import { place, type Placement } from "./placement.ts";

const someEvents = fc.array(anyEvent, { maxLength: 40 });

test("the choice, its reason, its group and the runners-up are those of the plain reading", () => {
  let decided = 0;
  fc.assert(
    fc.property(roomyNodes, someEvents, anyDemand, (nodes, events, pod) => {
      const ledger = new ClusterLedger();
      const plain = new PlainCluster();
      for (const event of [...nodes, ...events]) {
        event.apply(ledger);
        event.apply(plain);
      }
      const expected = plainPlacement(plain, pod);
      if (expected !== undefined) decided++;
      assert.deepEqual(placed(ledger, pod, allCandidates(ledger)), expected);
    }),
    { numRuns: 600 },
  );
  assert.ok(decided > 100, `only ${decided} pods found a node`);
});

test("the order in which nodes are seen or named does not matter, nor does asking twice", () => {
  fc.assert(
    fc.property(roomyNodes, someEvents, anyDemand, (nodes, events, pod) => {
      const ledger = new ClusterLedger();
      for (const event of [...nodes, ...events]) event.apply(ledger);
      const forwards = placed(ledger, pod, namedCandidates(ledger, NODE_NAMES));
      const backwards = placed(ledger, pod, namedCandidates(ledger, NODE_NAMES.toReversed()));
      assert.deepEqual(forwards, backwards);
      assert.deepEqual(placed(ledger, pod, allCandidates(ledger)), forwards);
      assert.deepEqual(placed(ledger, pod, everyCandidate([...ledger.nodes()].toReversed())), forwards);
    }),
    { numRuns: 200 },
  );
});

function placed(ledger: ClusterLedger, pod: PodDemand, candidates: Candidates): Placement | undefined {
  return place(costedDemand(pod, ledger), candidates, { ledger, rankingLength: 3 });
}

function plainPlacement(cluster: PlainCluster, pod: PodDemand): Placement | undefined {
  const fitting = NODE_NAMES.filter((name) => {
    const [copy = pod] = copiesOf(pod, 1);
    return plainRejection(cluster, name, copy) === undefined;
  });
  const { app } = pod;
  const hosting =
    app === undefined ? [] : fitting.filter((name) => cluster.account(name)?.stayingPods.has(app));
  const isJoin = hosting.length > 0;
  const groups = isJoin ? [1] : plainGroups(cluster, pod);
  const ranked = (isJoin ? hosting : fitting)
    .map((name) => plainAssessment({ cluster, name, pod, groups }))
    .toSorted(
      (a, b) =>
        b.groupPods - a.groupPods || a.left - b.left || a.stranded - b.stranded || (a.name < b.name ? -1 : 1),
    );
  const [best] = ranked;
  if (best === undefined) return undefined;
  const reason = app === undefined ? "outsideMesh" : isJoin ? "joinsInstance" : "opensInstance";
  return {
    node: best.name,
    reason,
    ranking: ranked.map(({ name }) => name),
    groupPods: reason === "opensInstance" ? best.groupPods : 1,
  };
}

function plainGroups(cluster: PlainCluster, pod: PodDemand): readonly number[] {
  const podsMax =
    pod.app === undefined ? Infinity : (cluster.profile(pod.app).placement.maxPodsPerNode ?? Infinity);
  const groups = [Math.min(podsMax, 1 + cluster.siblingsToCome(pod))];
  for (let last = groups[0] ?? 1; last > 1; last = groups.at(-1) ?? 1) groups.push(Math.floor(last / 2));
  return groups;
}

interface Candidate {
  readonly cluster: PlainCluster;
  readonly name: (typeof NODE_NAMES)[number];
  readonly pod: PodDemand;
  readonly groups: readonly number[];
}

function plainAssessment({ cluster, name, pod, groups }: Candidate) {
  const account = cluster.account(name);
  assert.ok(account);
  const others = [...account.holds.values()].filter((hold) => hold.app !== pod.app);
  const held = (resource: "cpuMilli" | "memoryBytes"): number =>
    others.reduce((sum, hold) => sum + hold.pods * hold.request[resource], 0);
  const podsMax =
    pod.app === undefined ? Infinity : (cluster.profile(pod.app).placement.maxPodsPerNode ?? Infinity);
  const present = pod.app === undefined ? 0 : (account.appPods.get(pod.app) ?? 0);
  const groupPods =
    groups.find((pods) => {
      const free = plainFreeAfter(cluster, name, copiesOf(pod, pods));
      const hasRoom = free.cpuMilli >= held("cpuMilli") && free.memoryBytes >= held("memoryBytes");
      const isWithinLimits =
        present + pods <= podsMax && plainZoneExcess(cluster, name, copiesOf(pod, pods)) <= 0;
      return (
        hasRoom && isWithinLimits && !plainTakesLeanRoom({ cluster, pod, size: account.allocatable, free })
      );
    }) ?? 0;
  const left = plainFreeAfter(cluster, name, copiesOf(pod, Math.max(1, groupPods)));
  const cpuShare = left.cpuMilli / Math.max(1, account.allocatable.cpuMilli);
  const memoryShare = left.memoryBytes / Math.max(1, account.allocatable.memoryBytes);
  return { name, groupPods, left: cpuShare + memoryShare, stranded: Math.abs(cpuShare - memoryShare) };
}

// Both resources read alike: of which is little left, and much of the other, and does the pod take much of that little?
function plainTakesLeanRoom({ cluster, pod, size, free }: LeanQuestion): boolean {
  const { cpuMilli = 0, memoryBytes = 0 } = pod.app === undefined ? {} : cluster.profile(pod.app).cost.perPod;
  const shares = [
    {
      left: free.cpuMilli / Math.max(1, size.cpuMilli),
      taken: (pod.request.cpuMilli + cpuMilli) / Math.max(1, size.cpuMilli),
    },
    {
      left: free.memoryBytes / Math.max(1, size.memoryBytes),
      taken: (pod.request.memoryBytes + memoryBytes) / Math.max(1, size.memoryBytes),
    },
  ] as const;
  return [shares, shares.toReversed()].some(([scarce, plenty]) => {
    if (scarce === undefined || plenty === undefined) return false;
    return scarce.left < 0.04 && plenty.left > 0.25 && scarce.taken > plenty.taken / 3;
  });
}

interface LeanQuestion {
  readonly cluster: PlainCluster;
  readonly pod: PodDemand;
  readonly size: Resources;
  /** With the pods there. */
  readonly free: Resources;
}
