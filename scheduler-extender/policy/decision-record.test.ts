// Explanations held to the oracle: every figure is added up anew from plain lists.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { type Resources, subtractResources } from "#model/resources.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { anyDemand, anyEvent, NODE_NAMES } from "#test/builders/cluster-events.ts";
import { roomyNodes } from "#test/builders/roomy-nodes.ts";
import { PlainCluster } from "#test/oracle/plain-cluster.ts";
import { copiesOf, plainFreeAfter, plainMeshCost } from "#test/oracle/plain-fit.ts";
import { plainNominated, plainRejectionWithout } from "#test/oracle/plain-preemption.ts";
import { DecisionRecord } from "./decision-record.ts";
import { explainNow } from "./explain-now.ts";
import type { Explanation, ResourceRange, VerdictGroup } from "./explanation.ts";
import type { NodeFigures } from "./node-figures.ts";
import { DEFAULT_PROMISE_LIMITS } from "./promise.ts";
import { filterNodes, prioritizeNodes, scoresOf } from "./verbs.ts";
import { CLOSEST_MAX } from "./verdict-groups.ts";

// Before all time, so that no promise runs out.
const CONTEXT = { nowMs: -1, limits: DEFAULT_PROMISE_LIMITS };
const UNKNOWN = "node-9" as NodeName;

interface Question {
  readonly ledger: ClusterLedger;
  readonly plain: PlainCluster;
  readonly pod: PodView;
}

function onRandomQuestions(check: (question: Question) => void): void {
  const events = fc.oneof(
    fc.array(anyEvent, { maxLength: 20 }),
    fc.array(anyEvent, { maxLength: 60, size: "max" }),
  );
  fc.assert(
    fc.property(
      roomyNodes,
      events,
      anyDemand,
      fc.integer({ min: -1, max: 3 }),
      (nodes, history, demand, priority) => {
        const ledger = new ClusterLedger();
        const plain = new PlainCluster();
        for (const { apply } of [...nodes, ...history]) {
          apply(ledger);
          apply(plain);
        }
        check({ ledger, plain, pod: { ...aPod(), ...demand, priority } });
      },
    ),
    { numRuns: 400 },
  );
}

// With every node's figures, as for somebody who asks; the pod is being scheduled anew.
function explained({ ledger, pod }: Question): Explanation {
  ledger.release(pod.uid);
  return explainNow(ledger, { pod, nodes: [...NODE_NAMES, UNKNOWN] }, CONTEXT.nowMs);
}

// As it is put down while kube-scheduler waits.
function explainedInPassing({ ledger, pod }: Question): Explanation {
  const witness = new DecisionRecord(pod, { ledger, nowMs: CONTEXT.nowMs, fitting: "counted" });
  filterNodes(ledger, { pod, nodes: [...NODE_NAMES, UNKNOWN] }, { ...CONTEXT, witness });
  return witness.explanation();
}

// Without the pod's own promise, and with the pods nominated to the node that count for it.
function plainFigures({ plain, pod }: Question, name: NodeName): NodeFigures | undefined {
  const present = Object.assign(new PlainCluster(), plain);
  present.release(pod.uid);
  const bare = Object.assign(new PlainCluster(), present);
  for (const promise of bare.promises) if (promise.node === name) bare.release(promise.pod.uid);
  for (const other of plainNominated(present, name)) {
    const isCounted = other.uid !== pod.uid && (other.priority ?? 0) >= (pod.priority ?? 0);
    if (isCounted) present.reserve({ pod: other, node: name, expiresAtMs: Infinity });
  }
  if (present.account(name) === undefined) return undefined;
  const free = plainFreeAfter(present, name, []);
  return {
    meshCost: plainMeshCost(present, name, copiesOf(pod, 1)),
    free,
    reserved: subtractResources(plainFreeAfter(bare, name, []), free),
    left: plainFreeAfter(present, name, copiesOf(pod, 1)),
  };
}

function rangeOf(values: readonly Resources[]): ResourceRange {
  const pick = (choose: (...numbers: number[]) => number): Resources => ({
    cpuMilli: choose(...values.map(({ cpuMilli }) => cpuMilli)),
    memoryBytes: choose(...values.map(({ memoryBytes }) => memoryBytes)),
  });
  return { min: pick(Math.min), max: pick(Math.max) };
}

test("each group has the nodes of its verdict and the range of what an oracle adds up for them", () => {
  const seen = new Map<string, number>();
  onRandomQuestions((question) => {
    const { plain, pod } = question;
    const expected = new Map<string, NodeName[]>();
    for (const node of [...NODE_NAMES, UNKNOWN]) {
      const asked = { cluster: plain, node, pod: { ...pod, priority: pod.priority ?? 0 } };
      const verdict = plainRejectionWithout({ ...asked, mayAddVictims: false, victims: [] }, []) ?? "fits";
      expected.set(verdict, [...(expected.get(verdict) ?? []), node]);
    }
    const figures = new Map(NODE_NAMES.map((name) => [name, plainFigures(question, name)]));
    const { groups, nodes } = explained(question);
    assert.equal(nodes, NODE_NAMES.length + 1);
    assert.deepEqual(countsOf(explainedInPassing(question)), countsOf({ groups, nodes }));
    assert.deepEqual(new Set(groups.map(({ verdict }) => verdict)), new Set(expected.keys()));
    for (const group of groups) {
      seen.set(group.verdict, (seen.get(group.verdict) ?? 0) + 1);
      const names = expected.get(group.verdict) ?? [];
      assert.equal(group.nodes, names.length);
      checkGroup(group, names, figures);
    }
  });
  for (const verdict of ["fits", "appDoesNotFit", "meshShareDoesNotFit", "proxyAbsent", "appLimitReached"]) {
    assert.ok((seen.get(verdict) ?? 0) > 2, `${verdict}: ${seen.get(verdict) ?? 0} times`);
  }
});

function countsOf({ groups, nodes }: Pick<Explanation, "groups" | "nodes">): unknown {
  return [nodes, ...groups.map((group) => [group.verdict, group.nodes])];
}

function checkGroup(
  group: VerdictGroup,
  names: readonly NodeName[],
  all: ReadonlyMap<NodeName, NodeFigures | undefined>,
): void {
  const figures = names.flatMap((name) => all.get(name) ?? []);
  if (figures.length === 0) return assert.equal(group.figures, undefined);
  for (const figure of ["meshCost", "free", "reserved", "left"] as const) {
    assert.deepEqual(group.figures?.[figure], rangeOf(figures.map((node) => node[figure])), figure);
  }
  if (group.verdict === "fits") return assert.deepEqual(group.closest, []);
  for (const { node, missing, ...own } of group.closest) {
    assert.deepEqual(own, all.get(node));
    const { cpuMilli, memoryBytes } = own.left;
    assert.deepEqual(missing, { cpuMilli: Math.max(0, -cpuMilli), memoryBytes: Math.max(0, -memoryBytes) });
  }
  assert.equal(group.closest.length, Math.min(CLOSEST_MAX, figures.length));
}

test("the winner is the placement, and its candidates carry the scores that were sent", () => {
  let placed = 0;
  onRandomQuestions((question) => {
    const { ledger, pod } = question;
    if (pod.app === undefined) return;
    const witness = new DecisionRecord(pod, { ledger, nowMs: CONTEXT.nowMs, fitting: "measured" });
    const before = new Map(NODE_NAMES.map((name) => [name, plainFigures(question, name)]));
    const hasNominated = NODE_NAMES.some((name) => plainNominated(question.plain, name).length > 0);
    const placement = prioritizeNodes(ledger, { pod, nodes: NODE_NAMES }, { ...CONTEXT, witness });
    const { winner } = witness.explanation();
    if (placement === undefined) return assert.equal(winner, undefined);
    placed++;
    const { node, reason, groupPods, candidates = [] } = winner ?? {};
    assert.deepEqual(
      { node, reason, groupPods },
      { node: placement.node, reason: placement.reason, groupPods: placement.groupPods },
    );
    assert.deepEqual(
      candidates.map(({ node: name, score }) => ({ node: name, score })),
      scoresOf(placement.ranking),
    );
    if (hasNominated) return;
    for (const { node: name, meshCost, free, reserved, left } of candidates) {
      assert.deepEqual({ meshCost, free, reserved, left }, before.get(name));
    }
  });
  assert.ok(placed > 20, `${placed} placed`);
});

// Two nodes of 4,000m with a proxy each; an instance of cart costs 50m and each of its pods 10m.
function aLedger(): ClusterLedger {
  const ledger = new ClusterLedger();
  for (const name of ["node-1", "node-2"]) {
    ledger.upsertNode(aNode({ name }));
    ledger.upsertPod(aProxy({ node: name, cpuMilli: 100 }));
  }
  ledger.setProfile(aProfile());
  return ledger;
}

function winnerOf(ledger: ClusterLedger, pod: PodView): Explanation["winner"] {
  const witness = new DecisionRecord(pod, { ledger, nowMs: 0, fitting: "counted" });
  prioritizeNodes(ledger, { pod, nodes: NODE_NAMES }, { ...CONTEXT, witness });
  return witness.explanation().winner;
}

test("what put the winner before the runner-up is told", () => {
  const twins = aLedger();
  assert.equal(winnerOf(twins, aPod())?.decidedBy, "name");
  const fuller = aLedger();
  fuller.upsertPod(aPod({ name: "batch", app: null, node: "node-2" }));
  assert.deepEqual(
    [winnerOf(fuller, aPod())?.node, winnerOf(fuller, aPod())?.decidedBy],
    ["node-2", "lessLeft"],
  );
  const grouped = aLedger();
  grouped.upsertOwner({ uid: "set", replicas: 4 });
  grouped.upsertPod(aPod({ name: "batch", app: null, node: "node-2", cpuMilli: 3_600 }));
  assert.deepEqual(winnerOf(grouped, aPod({ owner: "set" }))?.decidedBy, "largerGroup");
  const alone = aLedger();
  alone.upsertPod(aPod({ name: "cart-0", node: "node-1" }));
  assert.deepEqual(
    [winnerOf(alone, aPod())?.reason, winnerOf(alone, aPod())?.decidedBy],
    ["joinsInstance", "onlyCandidate"],
  );
});

test("while kube-scheduler waits, nodes that fit are counted and no more", () => {
  const ledger = aLedger();
  const witness = new DecisionRecord(aPod(), { ledger, nowMs: 0, fitting: "counted" });
  filterNodes(ledger, { pod: aPod(), nodes: NODE_NAMES }, { ...CONTEXT, witness });
  const [fits, unknown] = witness.explanation().groups;
  assert.deepEqual(fits, { verdict: "fits", nodes: 2, closest: [] });
  assert.deepEqual(unknown, { verdict: "nodeUnknown", nodes: 1, closest: [] });
});

test("the closest nodes are those that miss the least share of themselves", () => {
  const ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  for (let index = 0; index < 20; index++) {
    const name = `node-${String(index).padStart(2, "0")}`;
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 + 10 * ((index * 7) % 20) }));
    ledger.upsertPod(aProxy({ node: name, cpuMilli: 100 }));
  }
  const pod = aPod({ cpuMilli: 2_000 });
  const witness = new DecisionRecord(pod, { ledger, nowMs: 0, fitting: "counted" });
  const nodes = [...ledger.nodes()].map(({ name }) => name);
  filterNodes(ledger, { pod, nodes }, { ...CONTEXT, witness });
  const [group] = witness.explanation().groups;
  assert.equal(group?.nodes, 20);
  const sizes = group.closest.map(({ node }) => ledger.node(node)?.allocatable.cpuMilli);
  assert.deepEqual(sizes, [1_190, 1_180, 1_170, 1_160, 1_150]);
  assert.equal(group.closest[0]?.missing.cpuMilli, 2_000 + 160 - 1_190);
});

test("what was promised between filter and ranking counts in the candidates' figures", () => {
  const ledger = aLedger();
  ledger.upsertPod(aPod({ name: "cart-0", node: "node-1" }));
  const pod = aPod({ cpuMilli: 4_000 });
  const witness = new DecisionRecord(pod, { ledger, nowMs: 0, fitting: "measured" });
  filterNodes(ledger, { pod, nodes: NODE_NAMES }, { ...CONTEXT, witness });
  const [node] = NODE_NAMES;
  assert.ok(node !== undefined);
  ledger.reserve({ pod: aPod({ name: "promised", cpuMilli: 500 }), node, expiresAtMs: Infinity });
  const small = aPod();
  prioritizeNodes(ledger, { pod: small, nodes: NODE_NAMES }, { ...CONTEXT, witness });
  assert.equal(witness.explanation().winner?.candidates[0]?.reserved.cpuMilli, 510);
});

test("what promises and nominations take is told apart from what is free", () => {
  const ledger = aLedger();
  const [node] = NODE_NAMES;
  assert.ok(node !== undefined);
  ledger.reserve({ pod: aPod({ name: "promised", cpuMilli: 500 }), node, expiresAtMs: Infinity });
  ledger.upsertPod(aPod({ name: "preemptor", app: null, cpuMilli: 300, priority: 5, nominatedNode: node }));
  const pod = aPod({ name: "cart-9", cpuMilli: 4_000 });
  const witness = new DecisionRecord(pod, { ledger, nowMs: 0, fitting: "counted" });
  filterNodes(ledger, { pod, nodes: [node] }, { ...CONTEXT, witness });
  const [closest] = witness.explanation().groups[0]?.closest ?? [];
  // The proxy has 100m; for the promised pod it needs its base of 100m, an instance and a pod.
  assert.equal(closest?.reserved.cpuMilli, 500 + 60 + 300);
  assert.equal(closest.free.cpuMilli, 4_000 - 100 - 860);
  assert.equal(closest.meshCost.cpuMilli, 10);
  assert.equal(closest.left.cpuMilli, closest.free.cpuMilli - 4_000 - 10);
  const uid = "uid-of-promised" as PodUid;
  assert.equal(ledger.reservationOf(uid)?.node, node, "looking changes nothing");
});
