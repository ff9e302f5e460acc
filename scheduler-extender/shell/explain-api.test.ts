import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { FastifyInstance } from "fastify";
import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger } from "#model/ledger.ts";
import type { RecordedEvent } from "#kube/event-series.ts";
import { createHttpServer } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { DEFAULT_PROMISE_LIMITS } from "../policy/promise.ts";
import { filterNodes, prioritizeNodes } from "../policy/verbs.ts";
import type { ExplainReply } from "../policy/explain-reply.ts";
import { explainApi } from "./explain-api.ts";
import { Explanations } from "./explanations.ts";

const NODES = ["node-1", "node-2"] as readonly string[] as readonly NodeName[];
const HOUR_MS = 3_600_000;

let ledger: ClusterLedger;
let clock: VirtualClock;
let explanations: Explanations;
let events: RecordedEvent[];
let server: FastifyInstance;
let unready: readonly string[];

beforeEach(async () => {
  ledger = new ClusterLedger();
  clock = new VirtualClock(1_000);
  [events, unready] = [[], []];
  explanations = new Explanations({ ledger, clock, events: { record: (event) => void events.push(event) } });
  ledger.setProfile(aProfile());
  for (const name of NODES) {
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node: name, cpuMilli: 100 }));
  }
  server = createHttpServer({ bodyBytesMax: 1_024, logger: silentLogger });
  await server.register(explainApi, { ledger, explanations, clock, unreadyReasons: () => unready });
});

afterEach(() => server.close());

async function get(url: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const { statusCode, payload } = await server.inject({ url });
  return { status: statusCode, body: JSON.parse(payload) as unknown };
}

async function explained(pod: string): Promise<ExplainReply> {
  const { status, body } = await get(`/explain?pod=${pod}`);
  assert.equal(status, 200);
  return body as ExplainReply;
}

function filtered(pod: PodView, nodes = NODES) {
  const limits = DEFAULT_PROMISE_LIMITS;
  const witness = explanations.filtering(pod);
  const result = filterNodes(ledger, { pod, nodes }, { nowMs: clock.nowMs(), limits, witness });
  explanations.filtered({ pod, nodes }, result);
  return result;
}

function ranked(pod: PodView) {
  const limits = DEFAULT_PROMISE_LIMITS;
  const witness = explanations.choosing(pod);
  prioritizeNodes(ledger, { pod, nodes: NODES }, { nowMs: clock.nowMs(), limits, witness });
  explanations.ranked(pod);
}

test("of a bound pod the decision that placed it is told, filter and ranking together", async () => {
  ledger.upsertPod(aPod());
  filtered(aPod());
  ranked(aPod());
  ledger.upsertPod(aPod({ node: "node-1" }));
  const { state, node, last, now } = await explained("shop/cart-1");
  assert.deepEqual([state, node, now], ["bound", "node-1", undefined]);
  assert.deepEqual([last?.nodes, last?.winner?.node, last?.winner?.candidates.length], [2, "node-1", 2]);
});

test("a pod with a promise says where", async () => {
  ledger.upsertPod(aPod());
  filtered(aPod(), [NODES[1] as NodeName]);
  assert.deepEqual((({ state, node }) => [state, node])(await explained("shop/cart-1")), [
    "promised",
    "node-2",
  ]);
});

test("a waiting pod is judged anew on the nodes that kube-scheduler had left for it", async () => {
  const big = aPod({ cpuMilli: 850 });
  ledger.upsertPod(big);
  filtered(big, [NODES[0] as NodeName]);
  ledger.upsertPod(aPod({ name: "filler", app: null, node: "node-1", cpuMilli: 500 }));
  const { state, last, now } = await explained("shop/cart-1");
  assert.deepEqual([state, now?.nodesOf, now?.explanation.nodes], ["waiting", "kubeScheduler", 1]);
  assert.equal(last?.groups[0]?.closest[0]?.missing.cpuMilli, 10);
  assert.equal(now?.explanation.groups[0]?.closest[0]?.missing.cpuMilli, 510);
});

test("a waiting pod that kube-scheduler did not ask about is judged on every node", async () => {
  ledger.upsertPod(aPod());
  const { now, last } = await explained("shop/cart-1");
  assert.deepEqual([now?.nodesOf, now?.explanation.winner?.node, last], ["cluster", "node-1", undefined]);
});

test("a pod made anew under its name has nothing to do with the one before", async () => {
  filtered(aPod({ uid: "old" }));
  ledger.upsertPod(aPod({ uid: "new" }));
  assert.equal((await explained("shop/cart-1")).last, undefined);
  ranked(aPod({ uid: "new" }));
  assert.equal((await explained("shop/cart-1")).last?.pod.uid, "new");
});

test("a decision outlives its pod, and the oldest of a thousand are forgotten", async () => {
  for (let index = 0; index < 1_001; index++) filtered(aPod({ name: `cart-${index}`, cpuMilli: 0 }));
  assert.equal((await get("/explain?pod=shop/cart-0")).status, 404);
  assert.equal((await explained("shop/cart-1")).state, "unknown");
});

test("what is no pod's name is a 400, an unknown pod a 404, and a replica that does not lead says who does", async () => {
  for (const pod of [
    "",
    "cart-1",
    "shop/",
    "shop/cart/1",
    "Shop/cart",
    `shop/${"x".repeat(300)}`,
    "a&pod=b",
  ]) {
    assert.equal((await get(`/explain?pod=${pod}`)).status, 400, pod);
  }
  assert.equal((await get("/explain")).status, 400);
  assert.equal((await get("/explain?pod=shop/nobody")).status, 404);
  unready = ["not leading; a does"];
  assert.deepEqual(await get("/explain?pod=shop/cart-1"), {
    status: 503,
    body: { error: "not leading; a does" },
  });
});

test("a mesh pod that only its share of the proxy keeps out gets an Event, again after an hour", () => {
  const kept = aPod({ cpuMilli: 850 });
  filtered(kept);
  filtered(kept);
  assert.deepEqual(
    events.map(({ reason, type, subject }) => [reason, type, subject.name]),
    [["MeshShareDoesNotFit", "Warning", "cart-1"]],
  );
  assert.equal(
    events[0]?.message,
    "the pod alone would fit on 2 of 2 nodes, but not with its share of the node proxy: A 850m 128Mi, B 60m 110Mi, free 900m 16128Mi, reserved for others 0m 0Mi. Nearest is node-1, which misses 10m CPU: it fits once so much is given back there, or on another node. Neither preemption nor cluster autoscalers see B. More: berth explain pod shop/cart-1",
  );
  clock.advance(HOUR_MS);
  filtered(kept);
  assert.equal(events.length, 2);
});

test("a pod whose node was chosen gets an Event with the figures and what decided, until there are too many", () => {
  filtered(aPod());
  assert.equal(events.length, 0);
  ranked(aPod());
  filtered(aPod({ name: "cart-2", uid: "cart-2" }), [NODES[1] as NodeName]);
  assert.deepEqual(
    events.map(({ reason, type, subject, message }) => [reason, type, subject.name, message]),
    [
      [
        "NodeChosen",
        "Normal",
        "cart-1",
        "node-1 is to open an instance of the app, preferred to node-2, since they are equal, and it is the first by name: A 100m 128Mi, B 60m 110Mi, free 900m 16128Mi, reserved for others 0m 0Mi, left 740m 16000Mi",
      ],
      [
        "NodeChosen",
        "Normal",
        "cart-2",
        "node-2 is to open an instance of the app, the only one with room: A 100m 128Mi, B 60m 110Mi, free 900m 16128Mi, reserved for others 0m 0Mi, left 740m 16000Mi",
      ],
    ],
  );
  const chooseFor = (name: string): void => {
    filtered(aPod({ name }), [NODES[0] as NodeName]);
    ledger.release(aPod({ name }).uid);
  };
  for (let index = 3; index < 100; index++) chooseFor(`cart-${index}`);
  assert.equal(events.length, 20);
  clock.advance(5_000);
  chooseFor("cart-100");
  assert.equal(events.length, 21);
});

test("no Event is told of pods that are still to be ranked, that have no room for themselves, or that are outside the mesh", () => {
  filtered(aPod({ name: "placed" }));
  filtered(aPod({ name: "huge", cpuMilli: 2_000 }));
  filtered(aPod({ name: "outside", app: null, cpuMilli: 2_000 }));
  assert.deepEqual(events, []);
});

test("a pod that kube-scheduler nominated a node for is explained by that node alone", async () => {
  ledger.upsertPod(aPod({ nominatedNode: NODES[1] }));
  const { state, now } = await explained("shop/cart-1");
  assert.deepEqual([state, now?.nodesOf, now?.explanation.nodes], ["waiting", "nominated", 1]);
});
