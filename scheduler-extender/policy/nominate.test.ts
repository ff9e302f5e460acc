import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import type { PlacedPod } from "./eligible-candidates.ts";
import { DEFAULT_NOMINATE_LIMITS, nextStep, type NominateContext, type NominateStep } from "./nominate.ts";
import { answered, newCourse, type PodCourse } from "./nominate-course.ts";
import type { EffectOutcome } from "./nominate-effect.ts";
import { DEFAULT_PROMISE_LIMITS } from "./promise.ts";
import { filterNodes } from "./verbs.ts";

const LIMITS = { ...DEFAULT_PROMISE_LIMITS, ...DEFAULT_NOMINATE_LIMITS };
const [NODE_1, NODE_2] = ["node-1", "node-2"] as string[] as [NodeName, NodeName];

let ledger: ClusterLedger;
let nowMs: number;
let room: number;
let course: PodCourse;

beforeEach(() => {
  ledger = new ClusterLedger();
  nowMs = 0;
  room = 0;
  course = newCourse(0, false);
  ledger.setProfile(aProfile());
  for (const name of [NODE_1, NODE_2]) {
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node: name }));
  }
});

const context = (): NominateContext => ({ ledger, nowMs, limits: LIMITS, room });

function placed(overrides: Parameters<typeof aPod>[0] = {}): PlacedPod {
  const { placing, ...pod } = aPod({ placing: {}, ...overrides });
  assert.ok(placing !== undefined);
  return { ...pod, placing };
}

/** The watch shows the pod, and its turn comes. */
function see(pod: PlacedPod): NominateStep["effect"] {
  ledger.upsertPod(pod);
  const step = nextStep(pod, course, context());
  course = step.course;
  return step.effect;
}

function answer(effect: NominateStep["effect"], outcome: EffectOutcome): void {
  assert.ok(effect !== undefined);
  course = answered(course, effect, { outcome, nowMs });
}

function on(
  pod: PlacedPod,
  nominatedNode: NodeName | undefined,
  placing: Partial<PlacedPod["placing"]>,
): PlacedPod {
  return { ...pod, nominatedNode, placing: { ...pod.placing, ...placing } };
}

const GATED = placed();
const NOMINATED = on(GATED, NODE_1, { resourceVersion: "2", chosenNode: NODE_1 });
const ON_ITS_WAY = on(NOMINATED, NODE_1, { resourceVersion: "3", gateIndex: undefined });
const LOST = on(ON_ITS_WAY, undefined, { resourceVersion: "4" });

test("a gated pod is promised A + B on a node and nominated to it; its gate is lifted once the watch shows that", () => {
  const nominate = see(GATED);
  assert.deepEqual([nominate?.kind, nominate?.kind === "nominate" && nominate.node], ["nominate", NODE_1]);
  assert.equal(ledger.reservationOf(GATED.uid)?.node, NODE_1);
  assert.equal(see(GATED), undefined, "one write at a time");
  answer(nominate, "done");
  assert.equal(see(GATED), undefined, "the watch does not show it yet");
  const lift = see(NOMINATED);
  assert.deepEqual([lift?.kind, lift?.kind === "liftGate" && lift.reason], ["liftGate", "placed"]);
  assert.equal(lift?.pod.resourceVersion, "2");
  answer(lift, "done");
  assert.equal(see(ON_ITS_WAY), undefined);
  assert.equal(ledger.reservationOf(GATED.uid)?.node, NODE_1);
});

test("kube-scheduler's one-node filter finds the pod's own promise kept, and nobody else's taken", () => {
  see(GATED);
  const answerTo = (pod: PodView): readonly NodeName[] =>
    filterNodes(ledger, { pod, nodes: [NODE_1] }, { nowMs, limits: LIMITS }).passed;
  // 1,000 − 100 − 160 for the proxy leave room for one more of these beside it, not for two.
  const rival = aPod({ name: "rival", app: "cart", cpuMilli: 700 });
  assert.deepEqual(answerTo(ON_ITS_WAY), [NODE_1]);
  assert.deepEqual(answerTo(rival), [NODE_1]);
  ledger.release(rival.uid);
  assert.deepEqual(answerTo(aPod({ name: "larger", cpuMilli: 740 })), []);
});

test("a pod that the scheduler would not put on a node is not nominated to it", () => {
  ledger.upsertNode(aNode({ name: NODE_1, cpuMilli: 1_000, traits: { isUnschedulable: true } }));
  const effect = see(GATED);
  assert.equal(effect?.kind === "nominate" && effect.node, NODE_2);
});

test("a pod joins its app's node, though others are tighter", () => {
  ledger.upsertPod(aPod({ name: "cart-0", node: NODE_2 }));
  ledger.upsertPod(aPod({ name: "filler", app: null, node: NODE_1, cpuMilli: 500 }));
  const effect = see(GATED);
  assert.equal(effect?.kind === "nominate" && effect.node, NODE_2);
});

test("a pod that asks for what Berth cannot judge is let go at once, without a nomination", () => {
  const effect = see(placed({ placing: { unjudged: "volumes" } }));
  assert.equal(effect?.kind === "liftGate" && effect.reason, "unjudged");
  assert.equal(ledger.reservationCount, 0);
});

test("a pod that somebody else nominated keeps that nomination", () => {
  const effect = see(on(GATED, NODE_2, {}));
  assert.equal(effect?.kind === "liftGate" && effect.reason, "nominatedElsewhere");
});

test("a pod that others hold as well holds no room, and its time counts from when they let it go", () => {
  const held = on(GATED, undefined, { isHeldByOthers: true });
  assert.equal(see(held), undefined);
  nowMs = 10 * LIMITS.gateDeadlineMs;
  assert.equal(see(held), undefined);
  assert.equal(ledger.reservationCount, 0);
  assert.equal(see(on(GATED, undefined, { resourceVersion: "2" }))?.kind, "nominate");
});

const HUGE = placed({ cpuMilli: 5_000 });

test("a pod that fits nowhere waits until something changed, and no longer than the deadline", () => {
  assert.equal(see(HUGE), undefined);
  nowMs = 5_000;
  assert.equal(see(HUGE), undefined);
  ledger.upsertNode(aNode({ name: NODE_2, cpuMilli: 6_000 }));
  assert.equal(see(HUGE), undefined, "nothing is known to have changed");
  room++;
  assert.equal(see(HUGE)?.kind, "nominate");
});

test("the deadline lifts the gate without a nomination", () => {
  see(HUGE);
  nowMs = LIMITS.gateDeadlineMs - 1;
  assert.equal(see(HUGE), undefined);
  nowMs++;
  const effect = see(HUGE);
  assert.equal(effect?.kind === "liftGate" && effect.reason, "deadline");
});

test("a pod that may preempt does not wait behind its gate for room", () => {
  const important = placed({ cpuMilli: 5_000, priority: 1_000 });
  const effect = see(important);
  assert.equal(effect?.kind === "liftGate" && effect.reason, "mayPreempt");
  course = newCourse(0, false);
  assert.equal(see(on(important, undefined, { mayPreempt: false })), undefined);
});

test("after a restart a gated pod's nomination is kept if its room is still there", () => {
  const effect = see(NOMINATED);
  assert.equal(effect?.kind === "liftGate" && effect.reason, "placed");
  assert.equal(ledger.reservationOf(GATED.uid)?.node, NODE_1);
});

test("after a restart a gated pod whose room is gone is nominated elsewhere, or loses its nomination", () => {
  ledger.upsertPod(aPod({ name: "thief", app: null, node: NODE_1, cpuMilli: 780 }));
  const effect = see(NOMINATED);
  assert.equal(effect?.kind === "nominate" && effect.node, NODE_2);
  ledger.release(GATED.uid);
  ledger.upsertPod(aPod({ name: "thief-2", app: null, node: NODE_2, cpuMilli: 780 }));
  course = newCourse(nowMs, false);
  const clear = see(NOMINATED);
  assert.deepEqual(
    [clear?.kind, clear?.kind === "clearNomination" && clear.node],
    ["clearNomination", NODE_1],
  );
});

test("after a restart a pod on its way has its room promised anew", () => {
  assert.equal(see(ON_ITS_WAY), undefined);
  assert.equal(ledger.reservationOf(GATED.uid)?.node, NODE_1);
});

// Seed 4921 of the races.
test("the nomination of an earlier leader that arrives late takes this one's promise along", () => {
  answer(see(GATED), "changed");
  assert.equal(ledger.reservationOf(GATED.uid)?.node, NODE_1);
  see(on(ON_ITS_WAY, NODE_2, { resourceVersion: "5", chosenNode: NODE_2 }));
  assert.equal(ledger.reservationOf(GATED.uid)?.node, NODE_2);
});

test("a lost nomination is renewed, so many times and no more", () => {
  for (let renewal = 1; renewal <= LIMITS.renewalsMax; renewal++) {
    const effect = see(LOST);
    assert.equal(effect?.kind === "nominate" && effect.isRenewal, true, `renewal ${renewal}`);
    answer(effect, "done");
    see(on(ON_ITS_WAY, NODE_1, { resourceVersion: `renewed ${renewal}` }));
    nowMs += 1_000;
  }
  assert.equal(see(on(LOST, undefined, { resourceVersion: "last" })), undefined);
  assert.equal(ledger.reservationCount, 0);
});

test("a lost nomination is not renewed while a scheduling cycle holds a promise elsewhere", () => {
  ledger.upsertPod(LOST);
  filterNodes(ledger, { pod: LOST, nodes: [NODE_2] }, { nowMs, limits: LIMITS });
  assert.equal(see(LOST), undefined);
  assert.equal(ledger.reservationOf(LOST.uid)?.node, NODE_2);
});

test("a nomination that kube-scheduler made is left alone, and Berth's own promise ends", () => {
  see(LOST);
  course = { ...course, isUnderway: false };
  assert.equal(see(on(LOST, NODE_2, { resourceVersion: "5" })), undefined);
  assert.equal(ledger.reservationCount, 0);
});

test("a nomination that leads to no binding is taken back, since it holds room", () => {
  see(ON_ITS_WAY);
  nowMs = LIMITS.unboundMs - 1;
  assert.equal(see(ON_ITS_WAY), undefined);
  nowMs++;
  assert.equal(see(ON_ITS_WAY)?.kind, "clearNomination");
  assert.equal(ledger.reservationCount, 0);
});

test("a write that failed is tried again after a pause, and each pause is longer", () => {
  answer(see(GATED), "failed");
  assert.equal(see(GATED), undefined);
  nowMs = 1_000;
  answer(see(GATED), "failed");
  nowMs = 2_000;
  assert.equal(see(GATED), undefined);
  nowMs = 3_000;
  assert.equal(see(GATED)?.kind, "nominate");
});

test("a write that came too late is decided anew on the version that the watch shows", () => {
  answer(see(GATED), "changed");
  assert.equal(see(GATED), undefined);
  const effect = see(on(GATED, undefined, { resourceVersion: "9" }));
  assert.deepEqual([effect?.kind, effect?.pod.resourceVersion], ["nominate", "9"]);
});
