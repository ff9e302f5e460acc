// The preempt verb against an oracle that adds every node up anew and finds victims the other way round.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger, type PodDemand } from "#model/ledger.ts";
import { addResources } from "#model/resources.ts";
import { aDemand } from "#test/builders/a-demand.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { anyEvent, type ClusterEvent, NODE_NAMES } from "#test/builders/cluster-events.ts";
import { PlainCluster } from "#test/oracle/plain-cluster.ts";
import {
  plainCandidates,
  plainImportance,
  plainPreemption,
  type PlainPreemptionQuestion,
  plainRejectionWithout,
} from "#test/oracle/plain-preemption.ts";
import { type NodePreemption, preempt } from "./preemption.ts";
import { DEFAULT_PROMISE_LIMITS } from "./promise.ts";
import { filterNodes } from "./verbs.ts";

const [NODE, OTHER_NODE] = NODE_NAMES as readonly [(typeof NODE_NAMES)[number], (typeof NODE_NAMES)[number]];

test("each node is decided as an oracle decides it from plain pods, and the ledger stays as it is", () => {
  const seen = new Map<string, number>();
  onRandomQuestions(({ ledger, question }) => {
    const before = contentsOf(ledger);
    const decision = decide(ledger, question);
    const kind = decision.kind === "droppedNode" ? decision.reason : decision.kind;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    assert.deepEqual(contentsOf(ledger), before);
    assert.deepEqual(essentialsOf(decision), plainPreemption(question));
  });
  // A property that never meets an outcome says nothing about it.
  const outcomes = ["keptVictims", "addedVictims", "noVictims", "appDoesNotFit", "meshShareDoesNotFit"];
  for (const kind of [...outcomes, "proxyNotReady", "appLimitReached", "zoneLimitReached"]) {
    assert.ok(seen.has(kind), `${kind}: never`);
  }
});

test("no added victim can be given back, each may be evicted, and each counts as one possible violation", () => {
  onRandomQuestions(({ ledger, question }) => {
    const decision = decide(ledger, question);
    if (decision.kind !== "addedVictims") return;
    const { victims, added } = decision;
    const candidates = new Set(plainCandidates(question).map(({ uid }) => uid));
    assert.equal(plainRejectionWithout(question, victims.pods), undefined);
    for (const uid of added) {
      assert.ok(candidates.has(uid));
      const fewer = victims.pods.filter((other) => other !== uid);
      assert.notEqual(plainRejectionWithout(question, fewer), undefined);
    }
    assert.equal(victims.pdbViolations, 1 + added.length);
    assert.deepEqual(
      victims.pods.filter((uid) => !added.includes(uid)),
      question.victims,
    );
    assert.equal(victims.pods.length, question.victims.length + added.length);
  });
});

test("victims whose state is known are told the most important first", () => {
  onRandomQuestions(({ ledger, question }) => {
    const seen = (uid: PodUid) => question.cluster.pods.find((pod) => pod.uid === uid);
    const known = question.victims.flatMap((uid) => seen(uid) ?? []).toSorted(plainImportance);
    const decision = decide(ledger, { ...question, victims: known.toReversed().map(({ uid }) => uid) });
    if (decision.kind === "droppedNode") return;
    const told = decision.victims.pods.flatMap((uid) => seen(uid) ?? []);
    assert.deepEqual(told, told.toSorted(plainImportance).toReversed());
  });
});

test("filter counts the pods nominated to a node that are no less important, each once", () => {
  const seen = { passed: 0, rejected: 0 };
  onRandomQuestions(({ ledger, question }) => {
    const { pod, node } = question;
    // Before all time, so that no promise runs out.
    const context = { nowMs: -1, limits: DEFAULT_PROMISE_LIMITS };
    const { rejected } = filterNodes(ledger, { pod, nodes: [node] }, context);
    assert.equal(rejected.get(node), plainRejectionWithout(question, []));
    seen[rejected.size === 0 ? "passed" : "rejected"]++;
  });
  assert.ok(seen.passed > 10 && seen.rejected > 10);
});

function decide(ledger: ClusterLedger, question: PlainPreemptionQuestion): NodePreemption {
  const { pod, mayAddVictims, node, victims } = question;
  const nodes = new Map([[node, { pods: victims, pdbViolations: 1 }]]);
  const decision = preempt(ledger, { pod, mayAddVictims, nodes }).get(node);
  assert.ok(decision);
  return decision;
}

function essentialsOf(decision: NodePreemption): ReturnType<typeof plainPreemption> {
  if (decision.kind === "keptVictims") return { kind: decision.kind };
  return decision.kind === "addedVictims"
    ? { kind: decision.kind, added: new Set(decision.added) }
    : decision;
}

function contentsOf(ledger: ClusterLedger): object {
  const nodes = Array.from(
    ledger.nodes(),
    (node) => Object.assign(Object.create(null), node.copy()) as object,
  );
  return { nodes, reservations: [...ledger.reservations()] };
}

interface RandomQuestion {
  readonly ledger: ClusterLedger;
  readonly question: PlainPreemptionQuestion;
}

const priority = fc.integer({ min: -1, max: 4 });
const podNames = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `pod-${number}`);
const size = { cpuMilli: fc.integer({ min: 0, max: 500 }), memoryBytes: fc.integer({ min: 0, max: 2_000 }) };

// After the common history one node is crowded with small pods, so that a few of them decide whether the next one fits.
const crowd = fc.tuple(
  ...podNames.map((name) =>
    fc.option(
      fc
        .record({
          ...size,
          priority,
          app: fc.constantFrom("cart", "pay", null),
          startedAtMs: fc.option(fc.nat(3), { nil: undefined }),
          isTerminating: fc.nat(6).map((dice) => dice === 0),
          node: fc.constantFrom(NODE, NODE, NODE, NODE, null),
        })
        .map((pod) => aPod({ ...pod, name, ...(pod.node === null && { nominatedNode: NODE }) })),
      { nil: undefined, freq: 4 },
    ),
  ),
);

const anyQuestion = fc.record({
  history: fc.array(anyEvent, { maxLength: 30 }),
  crowd,
  /** Of what everything on the node adds up to, the preemptor's request included. */
  allocatablePercent: fc.record({
    cpu: fc.integer({ min: 50, max: 130 }),
    memory: fc.integer({ min: 50, max: 130 }),
  }),
  proxy: fc.record({
    isReady: fc.nat(5).map((dice) => dice > 0),
    cpuMilli: fc.nat(300),
    memoryBytes: fc.nat(900),
  }),
  preemptor: fc.record({ ...size, app: fc.constantFrom("cart", "cart", "pay", null) }),
  preemptorPriority: priority,
  promisedTo: fc.option(fc.constantFrom(NODE, OTHER_NODE), { nil: undefined }),
  mayAddVictims: fc.nat(5).map((dice) => dice > 0),
  victims: fc.shuffledSubarray([...podNames, "proxy-old-node-1", "unknown-1"], { maxLength: 3 }),
});

function aNodeOf(
  cluster: PlainCluster,
  { request }: PodDemand,
  { cpu, memory }: Record<"cpu" | "memory", number>,
) {
  const account = cluster.account(NODE);
  assert.ok(account);
  const total = addResources(addResources(account.requested, account.required), request);
  return aNode({
    name: NODE,
    cpuMilli: Math.round((total.cpuMilli * cpu) / 100),
    memoryBytes: Math.round((total.memoryBytes * memory) / 100),
  });
}

function upserting(pod: PodView): ClusterEvent["apply"] {
  return (ledger) => ledger.upsertPod(pod);
}

function onRandomQuestions(check: (random: RandomQuestion) => void): void {
  fc.assert(
    fc.property(anyQuestion, ({ history, crowd, ...random }) => {
      const ledger = new ClusterLedger();
      const cluster = new PlainCluster();
      const demand = aDemand({ ...random.preemptor, name: "preemptor" });
      const told: readonly ClusterEvent["apply"][] = [
        ...history.map(({ apply }) => apply),
        (to) => to.upsertNode(aNode({ name: NODE })),
        (to) => to.upsertPod(aProxy({ ...random.proxy, node: NODE, name: "proxy-old-node-1" })),
        ...crowd.flatMap((pod) => (pod === undefined ? [] : [upserting(pod)])),
        (to) => {
          if (random.promisedTo === undefined) return;
          to.reserve({ pod: demand, node: random.promisedTo, expiresAtMs: 1_000 });
        },
      ];
      for (const apply of told) {
        apply(ledger);
        apply(cluster);
      }
      const node = aNodeOf(cluster, demand, random.allocatablePercent);
      ledger.upsertNode(node);
      cluster.upsertNode(node);
      const pod = { ...demand, priority: random.preemptorPriority };
      const victims = random.victims.map((name) => `uid-of-${name}` as PodUid);
      check({ ledger, question: { cluster, node: NODE, pod, mayAddVictims: random.mayAddVictims, victims } });
    }),
    { numRuns: 2_000 },
  );
}
