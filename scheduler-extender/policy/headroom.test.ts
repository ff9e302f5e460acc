import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { MIB } from "#test/builders/sizes.ts";
import { DEFAULT_HEADROOM_LIMITS, headroomSteps, type Shortage } from "./headroom.ts";
import { DEFAULT_PROMISE_LIMITS } from "./promise.ts";
import { filterNodes } from "./verbs.ts";

const LIMITS = { ...DEFAULT_HEADROOM_LIMITS, podsMax: 2 };
let ledger: ClusterLedger;
let shortages: Map<PodUid, Shortage>;
let headroom: PodView[];
let roomWasThereMs: Map<PodUid, number>;
let nowMs: number;

beforeEach(() => {
  ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  [shortages, headroom, roomWasThereMs, nowMs] = [new Map(), [], new Map(), LIMITS.patienceMs];
});

function short(name: string, priority = 0, sinceMs = 0): PodView {
  const pod = aPod({ name, priority });
  ledger.upsertPod(pod);
  shortages.set(pod.uid, { uid: pod.uid, sinceMs, lastMs: nowMs });
  return pod;
}

function headroomOf(pod: PodView, overrides: Parameters<typeof aPod>[0] = {}): PodView {
  const made = aPod({ name: `headroom-${pod.name}`, app: null, headroomFor: pod.uid, ...overrides });
  headroom.push(made);
  return made;
}

function steps(): readonly string[] {
  return headroomSteps({ shortages, headroom, roomWasThereMs, ledger, nowMs, limits: LIMITS }).map((effect) =>
    effect.kind === "create"
      ? `create for ${effect.pod.name}`
      : `delete ${effect.headroom.name}: ${effect.reason}`,
  );
}

test("a pod that B keeps out for long enough gets headroom of A + B, B as on a node without its app", () => {
  short("cart-1");
  const [effect] = headroomSteps({ shortages, headroom, roomWasThereMs, ledger, nowMs, limits: LIMITS });
  assert.ok(effect?.kind === "create");
  // A 100m 128Mi, base 50m 100Mi, and 10m 10Mi for the pod.
  assert.deepEqual(effect.request, { cpuMilli: 160, memoryBytes: (128 + 110) * MIB });
  nowMs -= 1;
  assert.deepEqual(steps(), []);
});

test("what is there for a pod is kept while it waits, and there is one for each", () => {
  const pod = short("cart-1");
  headroomOf(pod);
  assert.deepEqual(steps(), []);
  headroomOf(pod, { name: "another" });
  assert.deepEqual(steps(), ["delete another: notWanted"]);
});

test("no more than so many are there, for the most important pods and then for those that wait longest", () => {
  short("late", 0, -1);
  short("early", 0, -2);
  short("important", 5);
  assert.deepEqual(steps(), ["create for important", "create for early"]);
  headroomOf(short("old"));
  headroomOf(short("older"));
  headroomOf(short("oldest"));
  assert.deepEqual(steps(), ["delete headroom-oldest: notWanted"]);
});

test("headroom goes when its pod is gone, placed or not kept out any more", () => {
  headroomOf(aPod({ name: "gone" }));
  assert.deepEqual(steps(), ["delete headroom-gone: podGone"]);
  headroom = [];
  const placed = short("placed");
  headroomOf(placed);
  ledger.upsertPod(aPod({ name: "placed", node: "node-1" }));
  assert.deepEqual(steps(), ["delete headroom-placed: podPlaced"]);
  headroom = [];
  const other = short("other");
  headroomOf(other);
  shortages.delete(other.uid);
  assert.deepEqual(steps(), ["delete headroom-other: notKeptOut"]);
});

test("headroom that was placed shows that the room is there: it goes, and comes again only after a pause", () => {
  const pod = short("cart-1");
  headroomOf(pod, { node: "node-9" });
  assert.deepEqual(steps(), ["delete headroom-cart-1: roomIsThere"]);
  headroom = [];
  roomWasThereMs.set(pod.uid, nowMs);
  assert.deepEqual(steps(), []);
  nowMs += LIMITS.pauseMs;
  assert.deepEqual(steps(), ["create for cart-1"]);
});

test("a pod that kube-scheduler did not ask about for long neither gets nor keeps headroom", () => {
  const pod = short("cart-1");
  nowMs += LIMITS.staleMs;
  assert.deepEqual(steps(), []);
  headroomOf(pod);
  assert.deepEqual(steps(), ["delete headroom-cart-1: notKeptOut"]);
});

test("a pod with a promise needs no headroom", () => {
  const pod = short("cart-1");
  ledger.upsertNode(aNode({ name: "node-1" }));
  ledger.upsertPod(aProxy({ node: "node-1" }));
  const { request, uid, app, ownerUid } = pod;
  ledger.reserve({ pod: { uid, app, request, ownerUid }, node: "node-1" as never, expiresAtMs: 1 });
  assert.deepEqual(steps(), []);
});

test("filter gives headroom no room that is promised, and promises none to it", () => {
  ledger.upsertNode(aNode({ name: "node-1", cpuMilli: 1_000 }));
  ledger.upsertPod(aProxy({ node: "node-1", cpuMilli: 100 }));
  const nodes = ["node-1" as never];
  const context = { nowMs, limits: DEFAULT_PROMISE_LIMITS };
  filterNodes(ledger, { pod: aPod({ cpuMilli: 500 }), nodes }, context);
  const big = aPod({ name: "big", app: null, cpuMilli: 400, headroomFor: "x" as PodUid });
  assert.equal(filterNodes(ledger, { pod: big, nodes }, context).rejected.size, 1);
  const small = aPod({ name: "small", app: null, cpuMilli: 300, headroomFor: "x" as PodUid });
  const { passed, promised } = filterNodes(ledger, { pod: small, nodes }, context);
  assert.deepEqual([passed, promised, ledger.reservationCount], [nodes, undefined, 1]);
});
