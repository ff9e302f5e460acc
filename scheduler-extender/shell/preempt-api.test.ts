import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { ClusterLedger } from "#model/ledger.ts";
import type { ApiPod } from "#kube/decode-pod.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { aDemand } from "#test/builders/a-demand.ts";
import { anApiPod } from "#test/builders/an-api-pod.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { DEFAULT_PROMISE_LIMITS } from "../policy/promise.ts";
import { extenderApi } from "./extender-api.ts";
import { createExtenderMetrics, type ExtenderMetrics } from "./extender-metrics.ts";

const BODY_BYTES_MAX = 8_192;

let ledger: ClusterLedger;
let clock: VirtualClock;
let metrics: ExtenderMetrics;
let server: FastifyInstance;
let url: string;
let unready: readonly string[];
let logged: unknown[];

// Three nodes of 1,000 millicores whose proxies have 100; the preemptor, shop/cart, needs 160. On node-1 the victim is
// enough, on node-2 it takes another pod, on node-3 nothing may be taken.
beforeEach(async () => {
  ledger = new ClusterLedger();
  clock = new VirtualClock(1_000_000);
  metrics = createExtenderMetrics(ledger, clock);
  unready = [];
  logged = [];
  ledger.setProfile(aProfile());
  for (const [node, cpuMilli, priority] of [
    ["node-1", 160, 0],
    ["node-2", 100, 0],
    ["node-3", 100, 9],
  ] as const) {
    ledger.upsertNode(aNode({ name: node, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node, cpuMilli: 100 }));
    ledger.upsertPod(aPod({ name: `victim-on-${node}`, app: null, node, cpuMilli }));
    ledger.upsertPod(aPod({ name: `other-on-${node}`, app: null, node, cpuMilli: 900 - cpuMilli, priority }));
  }
  const error = (entry: unknown): void => void logged.push(entry);
  server = createHttpServer({ bodyBytesMax: BODY_BYTES_MAX, logger: { ...silentLogger, error } });
  const limits = DEFAULT_PROMISE_LIMITS;
  await server.register(extenderApi, { ledger, clock, limits, metrics, unreadyReasons: () => unready });
  url = await listen(server, { host: "127.0.0.1", port: 0 });
});

afterEach(() => server.close());

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function preempt(body: unknown): Promise<Answer> {
  const response = await fetch(`${url}/preempt`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function aPreemptor(overrides: Parameters<typeof anApiPod>[0] = {}): ApiPod {
  const spec = { nodeName: "", priority: 5, preemptionPolicy: "PreemptLowerPriority", ...overrides.spec };
  return anApiPod({ ...overrides, spec, status: { phase: "Pending", ...overrides.status } });
}

function metas(...nodes: readonly string[]): object {
  return Object.fromEntries(
    nodes.map((node) => [node, { Pods: [{ UID: `uid-of-victim-on-${node}` }], NumPDBViolations: 1 }]),
  );
}

function args(rest: object = {}): object {
  return {
    Pod: aPreemptor(),
    NodeNameToVictims: null,
    NodeNameToMetaVictims: metas("node-1", "node-2", "node-3", "node-9"),
    ...rest,
  };
}

const EXPECTED = {
  NodeNameToMetaVictims: {
    "node-1": { Pods: [{ UID: "uid-of-victim-on-node-1" }], NumPDBViolations: 1 },
    "node-2": {
      Pods: [{ UID: "uid-of-other-on-node-2" }, { UID: "uid-of-victim-on-node-2" }],
      NumPDBViolations: 2,
    },
  },
};

test("preempt keeps, adds to and drops what kube-scheduler offers by uid", async () => {
  assert.deepEqual(await preempt(args()), { status: 200, body: EXPECTED });
});

test("victims offered as whole pods are answered by uid as well", async () => {
  const victim = (node: string): ApiPod =>
    anApiPod({ metadata: { uid: `uid-of-victim-on-${node}`, name: `victim-on-${node}`, namespace: "shop" } });
  const nodes = ["node-1", "node-2", "node-3", "node-9"];
  const NodeNameToVictims = Object.fromEntries(
    nodes.map((node) => [node, { Pods: [victim(node)], NumPDBViolations: 1 }]),
  );
  for (const NodeNameToMetaVictims of [null, {}]) {
    const { status, body } = await preempt(args({ NodeNameToVictims, NodeNameToMetaVictims }));
    assert.equal(status, 200);
    assert.deepEqual(body, EXPECTED);
  }
});

test("a preemptor that must not preempt keeps its victims and gets no others", async () => {
  const Pod = aPreemptor({ spec: { preemptionPolicy: "Never" } });
  const { "node-1": kept } = EXPECTED.NodeNameToMetaVictims;
  assert.deepEqual((await preempt(args({ Pod }))).body, { NodeNameToMetaVictims: { "node-1": kept } });
});

test("a preemptor without a priority has 0, and above no other pod", async () => {
  const Pod = aPreemptor({ spec: { priority: null, preemptionPolicy: null } });
  const { body } = await preempt(args({ Pod }));
  assert.deepEqual(Object.keys(body["NodeNameToMetaVictims"] as object), ["node-1"]);
});

test("a node is never answered without victims, and no nodes are answered with none", async () => {
  const none = { Pods: null, NumPDBViolations: 0 };
  const { body } = await preempt(args({ NodeNameToMetaVictims: { "node-3": none, "node-9": none } }));
  assert.deepEqual(body, { NodeNameToMetaVictims: {} });
  assert.deepEqual((await preempt(args({ NodeNameToMetaVictims: {} }))).body, { NodeNameToMetaVictims: {} });
});

test("a node's first proxy may preempt; one that would join or follow another proxy there may not", async () => {
  const Pod = aPreemptor({ metadata: { labels: { "berth.dev/node-proxy": "berth" } } });
  ledger.upsertNode(aNode({ name: "node-4", cpuMilli: 1_000 }));
  const first = metas("node-4", "node-9");
  const empty = { "node-5": { Pods: [], NumPDBViolations: 0 } };
  const offered = { ...first, ...metas("node-3"), ...empty };
  const { body } = await preempt(args({ Pod, NodeNameToMetaVictims: offered }));
  assert.deepEqual(body, { NodeNameToMetaVictims: first });
});

test("preempt promises nothing and leaves the promises that hold; those that ran out count no more", async () => {
  const before = ledger.node(aNode().name)?.requested;
  await preempt(args());
  assert.equal(ledger.reservationCount, 0);
  assert.deepEqual(ledger.node(aNode().name)?.requested, before);
  const promised = aDemand({ name: "promised", app: null, cpuMilli: 900 });
  ledger.reserve({ pod: promised, node: aNode().name, expiresAtMs: clock.nowMs() + 10 });
  const question = args({ NodeNameToMetaVictims: metas("node-1") });
  assert.deepEqual((await preempt(question)).body, { NodeNameToMetaVictims: {} });
  assert.equal(ledger.reservationCount, 1);
  clock.advance(10);
  assert.deepEqual(Object.keys((await preempt(question)).body["NodeNameToMetaVictims"] as object), [
    "node-1",
  ]);
  assert.match(await metrics.registry.metrics(), /^berth_extender_expired_reservations_total 1$/m);
});

test("what is malformed is answered 400 with an Error that says where", async () => {
  const node = (victims: unknown): object => args({ NodeNameToMetaVictims: { "node-1": victims } });
  const whole = (victims: unknown): object =>
    args({ NodeNameToMetaVictims: null, NodeNameToVictims: { "node-1": victims } });
  const oneOf = /^one of NodeNameToMetaVictims and NodeNameToVictims must be an object of nodes$/;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ["", /empty/],
    ['{"Pod":', /JSON/],
    ["7", /^the body must be an ExtenderPreemptionArgs object$/],
    ["null", /^the body must be an ExtenderPreemptionArgs object$/],
    [[], /^the body must be an ExtenderPreemptionArgs object$/],
    [{}, /^Pod: a pod object is missing$/],
    [args({ Pod: null }), /^Pod: a pod object is missing$/],
    [args({ Pod: [] }), /^Pod: a pod object is missing$/],
    [args({ Pod: { metadata: {} } }), /metadata\.uid/],
    [args({ Pod: aPreemptor({ spec: { priority: 0.5 } }) }), /^pod shop\/cart-1: spec\.priority must be/],
    [
      args({ Pod: aPreemptor({ spec: { preemptionPolicy: "Always" } }) }),
      /^Pod: spec\.preemptionPolicy must be/,
    ],
    [args({ NodeNameToMetaVictims: null }), oneOf],
    [{ Pod: aPreemptor() }, oneOf],
    [args({ NodeNameToVictims: metas("node-1") }), oneOf],
    [args({ NodeNameToMetaVictims: [] }), /^NodeNameToMetaVictims: must be an object of nodes$/],
    [args({ NodeNameToMetaVictims: "node-1" }), /^NodeNameToMetaVictims: must be an object of nodes$/],
    [args({ NodeNameToVictims: 1 }), /^NodeNameToVictims: must be an object of nodes$/],
    [node(null), /^NodeNameToMetaVictims\.node-1: must be an object with Pods and NumPDBViolations$/],
    [node([]), /^NodeNameToMetaVictims\.node-1: must be an object/],
    [node({ Pods: {}, NumPDBViolations: 0 }), /^NodeNameToMetaVictims\.node-1\.Pods: must be an array$/],
    [node({ Pods: [] }), /^NodeNameToMetaVictims\.node-1\.NumPDBViolations: must be a whole number$/],
    [node({ Pods: [], NumPDBViolations: -1 }), /NumPDBViolations/],
    [node({ Pods: [], NumPDBViolations: 0.5 }), /NumPDBViolations/],
    [node({ Pods: [], NumPDBViolations: "1" }), /NumPDBViolations/],
    [
      node({ Pods: [{ UID: "x" }, {}], NumPDBViolations: 0 }),
      /^NodeNameToMetaVictims\.node-1\.Pods\[1\]: has no uid$/,
    ],
    [node({ Pods: [{ UID: 7 }], NumPDBViolations: 0 }), /Pods\[0\]: has no uid$/],
    [node({ Pods: [{ UID: "" }], NumPDBViolations: 0 }), /Pods\[0\]: has no uid$/],
    [node({ Pods: ["x"], NumPDBViolations: 0 }), /Pods\[0\]: has no uid$/],
    [
      whole({ Pods: [{ UID: "x" }], NumPDBViolations: 0 }),
      /^NodeNameToVictims\.node-1\.Pods\[0\]: has no uid$/,
    ],
    [
      whole({ Pods: [{ metadata: null }], NumPDBViolations: 0 }),
      /^NodeNameToVictims\.node-1\.Pods\[0\]: has no uid$/,
    ],
  ];
  ledger.reserve({ pod: aDemand({ name: "overdue" }), node: aNode().name, expiresAtMs: 1 });
  for (const [body, expected] of cases) {
    const answer = await preempt(body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.match(String(answer.body["Error"]), expected);
  }
  assert.deepEqual(logged, [], "the caller's faults are not this process's");
  assert.equal(ledger.reservationCount, 1, "a malformed question ends nothing");
  const told = await metrics.registry.metrics();
  assert.doesNotMatch(told, /verb="preempt"/);
});

test("an unready ledger and a body above the limit are refused", async () => {
  const uids = Array.from({ length: BODY_BYTES_MAX / 8 }, (_, index) => ({ UID: `uid-${index}` }));
  const { status } = await preempt(
    args({ NodeNameToMetaVictims: { "node-1": { Pods: uids, NumPDBViolations: 0 } } }),
  );
  assert.equal(status, 413);
  unready = ["the cluster is not listed yet"];
  assert.deepEqual(await preempt(args()), {
    status: 503,
    body: { Error: "not ready: the cluster is not listed yet" },
  });
});

test("the metrics tell each answer's best outcome and every node's", async () => {
  await preempt(args());
  await preempt(args({ NodeNameToMetaVictims: metas("node-2", "node-3") }));
  await preempt(args({ NodeNameToMetaVictims: metas("node-3") }));
  const told = await metrics.registry.metrics();
  for (const verdict of ["keptVictims", "addedVictims", "noneFits"]) {
    assert.match(
      told,
      new RegExp(`^berth_extender_decisions_total\\{verb="preempt",verdict="${verdict}"\\} 1$`, "m"),
    );
  }
  for (const [outcome, count] of [
    ["keptVictims", 1],
    ["addedVictims", 2],
    ["droppedNode", 4],
  ] as const) {
    assert.match(
      told,
      new RegExp(`^berth_extender_preemption_nodes_total\\{outcome="${outcome}"\\} ${count}$`, "m"),
    );
  }
  assert.match(told, /^berth_extender_verb_duration_seconds_count\{verb="preempt"\} 3$/m);
});

test("filter tells kube-scheduler to wait at the nominated node for its victims", async () => {
  const preempted = { name: "victim-on-node-1", app: null, node: "node-1", cpuMilli: 160, isPreempted: true };
  ledger.upsertPod(aPod(preempted));
  const filter = async (nominatedNodeName: unknown): Promise<Response> =>
    fetch(`${url}/filter`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        Pod: { ...aPreemptor(), status: { nominatedNodeName } },
        Nodes: null,
        NodeNames: ["node-1", "node-2"],
      }),
    });
  const answer = (await (await filter("node-1")).json()) as Record<string, unknown>;
  assert.deepEqual(answer["FailedNodes"], {
    "node-1": "pods preempted for this pod still hold their room",
    "node-2": "insufficient free resources once promised pods are counted",
  });
  for (const none of ["", undefined, null]) {
    const { FailedNodes } = (await (await filter(none)).json()) as { FailedNodes: Record<string, string> };
    assert.match(FailedNodes["node-1"] ?? "", /^insufficient/);
  }
  const malformed = await filter(7);
  assert.equal(malformed.status, 400);
  assert.match(await malformed.text(), /pod shop\/cart-1: status\.nominatedNodeName must be a string/);
});
