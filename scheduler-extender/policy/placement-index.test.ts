// Placement by the ledger's index of free room against the same rules over every node, on more nodes than the index asks
// one by one: sizes, zones, proxies, holds, nominations and departures at random.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { NodeName, PodUid } from "#model/brand.ts";
import { costedDemand, rejectionOf } from "#model/fit.ts";
import { ClusterLedger } from "#model/ledger.ts";
import type { Resources } from "#model/resources.ts";
import { sureFit } from "#model/sure-fit.ts";
import { aNode } from "#test/builders/a-node.ts";
import { anApp, aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { everyCandidate } from "#test/oracle/every-candidate.ts";
import { allCandidates, type Candidates, namedCandidates } from "./candidates.ts";
import { eligibleCandidates, type PlacedPod } from "./eligible-candidates.ts";
import { assess } from "./node-ranking.ts";
import { place } from "./placement.ts";

const NODES = Array.from({ length: 150 }, (_, index) => `node-${String(index).padStart(3, "0")}` as NodeName);
const BASE = { cpuMilli: 50, memoryBytes: 200 };

// Equal nodes are taken in order of their names, so that what happens to the first ones matters most.
const node = fc.oneof(fc.constantFrom(...NODES), fc.constantFrom(...NODES.slice(0, 5)));
const app = fc.constantFrom("cart", "pay", "mail");
const request = fc.record({
  cpuMilli: fc.constantFrom(0, 100, 500, 1_700, 5_600),
  memoryBytes: fc.constantFrom(0, 400, 2_000, 9_000),
});

interface Step {
  readonly apply: (ledger: ClusterLedger) => void;
}

const nodeSeen = fc
  .record({
    name: node,
    cpuMilli: fc.constantFrom(3_000, 3_001, 6_000, 16_000),
    memoryBytes: fc.constantFrom(12_000, 12_500, 64_000),
    zone: fc.constantFrom("", "a", "b"),
    podsMax: fc.constantFrom(3, 110),
    isReady: fc.nat(9).map((dice) => dice > 0),
    counted: fc.constantFrom(100, 400),
    factor: fc.constantFrom(1, 1, 1.7),
  })
  .map(({ name, podsMax, isReady, counted, factor, ...size }) => ({
    apply(ledger: ClusterLedger) {
      ledger.upsertNode(aNode({ name, ...size, traits: { podsMax } }));
      const correction = { cpu: factor, memory: factor };
      const proxy = { cpuMilli: counted, memoryBytes: 4 * counted, base: BASE, isReady, correction };
      ledger.upsertPod(aProxy({ node: name, ...proxy }));
    },
  }));

const podName = fc.oneof(
  fc.nat(400).map((number) => `pod-${number}`),
  // The fullest of mail's nodes.
  fc.integer({ min: 84, max: 89 }).map((number) => `mail-${number}`),
);
const podSeen = fc
  .record({
    name: podName,
    app: fc.option(app, { nil: null, freq: 6 }),
    node: fc.option(node, { nil: null, freq: 9 }),
    request,
    isTerminating: fc.nat(9).map((dice) => dice === 0),
    nominatedNode: fc.option(node, { nil: undefined, freq: 1 }),
  })
  .map(({ request: size, ...pod }) => ({
    apply: (ledger: ClusterLedger) => ledger.upsertPod(aPod({ ...pod, ...size })),
  }));

const others: readonly fc.Arbitrary<Step>[] = [
  fc.tuple(podName, app, node, request).map(([name, owner, nominatedNode, size]) => ({
    apply: (ledger) => ledger.upsertPod(aPod({ name, app: owner, nominatedNode, priority: 1, ...size })),
  })),
  podName.map((name) => ({ apply: (ledger) => ledger.removePod(`uid-of-${name}` as PodUid) })),
  node.map((name) => ({ apply: (ledger) => ledger.removeNode(name) })),
  fc.tuple(node, podName, app, request).map(([name, pod, owner, size]) => ({
    apply: (ledger) =>
      ledger.reserve({ pod: aPod({ name: pod, app: owner, ...size }), node: name, expiresAtMs: 9 }),
  })),
  fc.tuple(node, app, request, fc.nat(9)).map(([name, owner, size, pods]) => ({
    apply: (ledger) => ledger.hold(name, { app: anApp(owner), request: size, pods, expiresAtMs: 9 }),
  })),
  fc
    .tuple(app, fc.constantFrom(1, 3, undefined), fc.constantFrom(2, 70, undefined))
    .map(([name, maxPodsPerNode, maxPodsPerZone]) => ({
      apply: (ledger) =>
        ledger.setProfile(
          aProfile({
            app: name,
            cost: {
              base: { cpuMilli: 30, memoryBytes: 150 },
              perPod: { cpuMilli: 5, memoryBytes: 20 },
            },
            placement: {
              ...(maxPodsPerNode !== undefined && { maxPodsPerNode }),
              ...(maxPodsPerZone !== undefined && { maxPodsPerZone }),
            },
          }),
        ),
    })),
];

// Alike nodes at first, as in a new cluster, so that kinds have many members.
const START: Step = {
  apply(ledger) {
    for (const [index, name] of NODES.entries()) {
      ledger.upsertNode(
        aNode({ name, cpuMilli: 6_000, memoryBytes: 24_000, zone: index % 7 === 2 ? "b" : "a" }),
      );
      ledger.upsertPod(aProxy({ node: name, cpuMilli: 100, memoryBytes: 400, base: BASE }));
      // On so many nodes that it has an index of its own.
      const filled = { cpuMilli: 1_000 + 40 * (index % 90), memoryBytes: 4_000 };
      if (index >= 50) ledger.upsertPod(aPod({ name: `mail-${index}`, app: "mail", node: name, ...filled }));
    }
    for (const name of ["cart", "pay", "mail"]) {
      ledger.setProfile(
        aProfile({ app: name, cost: { base: BASE, perPod: { cpuMilli: 5, memoryBytes: 20 } } }),
      );
    }
  },
};

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: nodeSeen as fc.Arbitrary<Step> },
    { weight: 8, arbitrary: podSeen as fc.Arbitrary<Step> },
    ...others.map((arbitrary) => ({ weight: 2, arbitrary })),
  ),
  { minLength: 1, maxLength: 20 },
);

const question = fc.record({
  name: fc.constantFrom("pod-1", "asked"),
  app: fc.option(app, { nil: null, freq: 6 }),
  request,
  replicas: fc.constantFrom(0, 3, 12),
  names: fc.shuffledSubarray([...NODES]),
  rankingLength: fc.constantFrom(1, 10),
});

test("the index chooses, and ranks, as asking every node does, and what surely fits does fit", () => {
  const seen = { opens: 0, joins: 0, nothing: 0, sure: 0, lean: 0 };
  fc.assert(
    fc.property(fc.array(fc.tuple(steps, question), { minLength: 1, maxLength: 8 }), (rounds) => {
      const ledger = new ClusterLedger();
      START.apply(ledger);
      for (const [happenings, { request: size, replicas, names, rankingLength, ...asked }] of rounds) {
        for (const { apply } of happenings) apply(ledger);
        ledger.upsertOwner({ uid: "set", replicas });
        const placing = { wishes: { tolerations: [] } };
        const pod = aPod({ ...asked, ...size, owner: "set", placing }) as PlacedPod;
        const ways: readonly Candidates[] = [
          allCandidates(ledger),
          namedCandidates(ledger, names),
          eligibleCandidates(ledger, pod),
        ];
        for (const account of ledger.nodes()) {
          const isLean = assess(account, costedDemand(pod, ledger), [1])?.groupPods === 0;
          if (isLean && account.holds.size === 0) seen.lean++;
        }
        const fitsSurely = sureFit(costedDemand(pod, ledger), ledger);
        for (const account of ledger.nodes()) {
          if (!fitsSurely(account)) continue;
          seen.sure++;
          assert.equal(rejectionOf(account, costedDemand(pod, ledger)), undefined);
        }
        for (const candidates of ways) {
          const options = { ledger, rankingLength };
          const demand = costedDemand(pod, ledger);
          const expected = place(demand, everyCandidate(ledger.nodes(), candidates), options);
          assert.deepEqual(place(demand, candidates, options), expected);
          if (expected === undefined) seen.nothing++;
          else if (expected.reason === "joinsInstance") seen.joins++;
          else seen.opens++;
        }
      }
    }),
    { numRuns: 250 },
  );
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 10, `${what}: ${count}`);
});

test("a node that somebody is nominated to, with the app's last pod terminating on it, is ranked once", () => {
  const ledger = new ClusterLedger();
  START.apply(ledger);
  const small = { cpuMilli: 100, memoryBytes: 400 };
  ledger.upsertPod(aPod({ name: "leaving", app: "cart", node: "node-001", isTerminating: true, ...small }));
  ledger.upsertPod(aPod({ name: "preemptor", app: "pay", nominatedNode: "node-001", priority: 1, ...small }));
  const pod = aPod({ name: "asked", app: "cart", placing: {}, ...small }) as PlacedPod;
  const demand = costedDemand(pod, ledger);
  const ranking = place(demand, eligibleCandidates(ledger, pod), { ledger, rankingLength: 10 })?.ranking;
  assert.equal(new Set(ranking).size, 10);
});

test("on thousands of nodes a pod is weighed on few of them", () => {
  const ledger = new ClusterLedger();
  for (let index = 0; index < 3_000; index++) {
    const name = `node-${index}`;
    ledger.upsertNode(aNode({ name, cpuMilli: 32_000, memoryBytes: 128_000 }));
    ledger.upsertPod(aProxy({ node: name, cpuMilli: 100, memoryBytes: 400, base: BASE }));
    const filled: Resources = { cpuMilli: (index * 7919) % 32_000, memoryBytes: (index * 7927) % 128_000 };
    ledger.upsertPod(aPod({ name: `pod-${index}`, app: "cart", node: name, ...filled }));
  }
  let weighed = 0;
  const candidates: Candidates = {
    ...allCandidates(ledger),
    accountOf(account) {
      weighed++;
      return account;
    },
  };
  for (const [name, expectedMax] of [
    ["cart", 5],
    ["pay", 5],
  ] as const) {
    weighed = 0;
    const demand = costedDemand(aPod({ app: name, cpuMilli: 500, memoryBytes: 2_000 }), ledger);
    const found = place(demand, candidates, { ledger });
    assert.deepEqual(found, place(demand, everyCandidate(ledger.nodes()), { ledger }));
    assert.ok(weighed <= expectedMax, `${name}: ${weighed}`);
  }
});
