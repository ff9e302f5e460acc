import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { DEFAULT_NOMINATE_LIMITS } from "./nominate.ts";
import type { NominateEffect } from "./nominate-effect.ts";
import { GATED_PODS_MAX, NominateQueue } from "./nominate-queue.ts";
import { DEFAULT_PROMISE_LIMITS } from "./promise.ts";

const LIMITS = { ...DEFAULT_PROMISE_LIMITS, ...DEFAULT_NOMINATE_LIMITS };

let ledger: ClusterLedger;
let queue: NominateQueue;
let nowMs: number;

beforeEach(() => {
  ledger = new ClusterLedger();
  queue = new NominateQueue();
  nowMs = 0;
  for (const app of ["cart", "pay"]) ledger.setProfile(aProfile({ app }));
  for (const name of ["node-1", "node-2"]) {
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node: name }));
  }
});

function see(pod: PodView): PodView {
  ledger.upsertPod(pod);
  queue.seen(pod, { ledger, nowMs });
  return pod;
}

const decide = (podsMax = 100): readonly NominateEffect[] =>
  queue.decide({ ledger, nowMs, limits: LIMITS }, { podsMax });

const gated = (name: string, overrides: Parameters<typeof aPod>[0] = {}): PodView =>
  aPod({ name, placing: {}, ...overrides });

test("what waits together is decided together: the important first, then app by app", () => {
  for (const name of ["cart-1", "pay-1", "cart-2", "pay-2"]) see(gated(name, { app: name.slice(0, -2) }));
  see(gated("urgent", { app: "pay", priority: 5 }));
  const order = decide().map(({ pod }) => pod.name);
  assert.deepEqual(order, ["urgent", "cart-1", "cart-2", "pay-1", "pay-2"]);
});

test("pods of an app that wait together meet on one node, in whatever order they came", () => {
  for (const name of ["cart-1", "pay-1", "cart-2", "pay-2", "cart-3"])
    see(gated(name, { app: name.slice(0, -2) }));
  const nodes = Map.groupBy(decide(), ({ pod }) => pod.name.slice(0, -2));
  for (const [app, effects] of nodes) {
    assert.equal(new Set(effects.map((effect) => effect.kind === "nominate" && effect.node)).size, 1, app);
  }
});

test("a batch is bounded, and the rest comes next", () => {
  for (const name of ["a", "b", "c"]) see(gated(name));
  assert.equal(decide(2).length, 2);
  assert.deepEqual(
    decide(2).map(({ pod }) => pod.name),
    ["c"],
  );
  assert.deepEqual(decide(2), []);
});

test("pods that no node takes are tried again when there may be room, after their pause", () => {
  see(gated("cart-1", { cpuMilli: 3_000 }));
  see(gated("cart-2", { cpuMilli: 3_000 }));
  assert.deepEqual(decide(), []);
  ledger.upsertNode(aNode({ name: "node-3", cpuMilli: 8_000 }));
  ledger.upsertPod(aProxy({ node: "node-3" }));
  queue.roomChanged();
  nowMs = 1_000;
  assert.equal(decide().length, 2);
});

test("without any event, room that ran out of promises is found after five seconds", () => {
  const blocker = aPod({ name: "blocker", app: null, cpuMilli: 3_000 });
  ledger.upsertNode(aNode({ name: "node-3", cpuMilli: 4_000 }));
  ledger.upsertPod(aProxy({ node: "node-3" }));
  ledger.reserve({ pod: blocker, node: aNode({ name: "node-3" }).name, expiresAtMs: 2_000 });
  see(gated("cart-1", { cpuMilli: 3_000 }));
  assert.deepEqual(decide(), []);
  assert.equal(queue.nextLookMs(), 5_000);
  nowMs = 5_000;
  ledger.expire(nowMs);
  assert.equal(decide().length, 1);
});

test("a pod that is bound, gone or ending is forgotten, and what was promised for it is given back", () => {
  for (const name of ["bound", "gone", "ending", "opened"]) see(gated(name));
  decide();
  assert.equal(ledger.reservationCount, 4);
  assert.equal(queue.gated, 4);
  see(aPod({ name: "bound", node: "node-1" }));
  const gone = aPod({ name: "gone" }).uid;
  ledger.removePod(gone);
  queue.forget(gone, ledger);
  see(gated("ending", { isTerminating: true }));
  // Somebody else lifted its gate before it was nominated.
  see(aPod({ name: "opened" }));
  assert.deepEqual([queue.size, queue.gated, ledger.reservationCount], [0, 0, 0]);
});

test("a proxy is never the controller's, whatever gates it carries", () => {
  const { placing } = gated("any");
  see({ ...aProxy({ name: "odd" }), nodeName: undefined, ...(placing && { placing }) });
  assert.equal(queue.size, 0);
});

test("pods beyond the queue's length are let go at once", () => {
  for (let index = 0; index <= GATED_PODS_MAX; index++) queue.seen(gated(`pod-${index}`), { ledger, nowMs });
  const last = decide(Infinity).find(({ pod }) => pod.name === `pod-${GATED_PODS_MAX}`);
  assert.equal(last?.kind === "liftGate" && last.reason, "queueFull");
});

test("an answer that the watch was faster than is no reason to wait", () => {
  see(gated("cart-1"));
  const [effect] = decide();
  assert.ok(effect?.kind === "nominate");
  const chosen = { nominatedNode: effect.node, placing: { resourceVersion: "2", chosenNode: effect.node } };
  see(gated("cart-1", chosen));
  assert.deepEqual(decide(), [], "its answer is still to come");
  queue.answered(effect, { outcome: "done", nowMs });
  const [next] = decide();
  assert.equal(next?.kind, "liftGate");
});

test("a leader that begins anew keeps what it had promised", () => {
  see(gated("cart-1"));
  decide();
  queue.restart(nowMs);
  assert.equal(decide()[0]?.kind, "nominate");
  assert.equal(ledger.reservationCount, 1);
});
