import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { FastifyInstance } from "fastify";
import type { NodeName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { anApiPod } from "#test/builders/an-api-pod.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { DEFAULT_PROMISE_LIMITS } from "../policy/promise.ts";
import { extenderApi } from "./extender-api.ts";
import { createExtenderMetrics, type ExtenderMetrics } from "./extender-metrics.ts";

const BODY_BYTES_MAX = 4_096;

let ledger: ClusterLedger;
let clock: VirtualClock;
let metrics: ExtenderMetrics;
let server: FastifyInstance;
let url: string;
let unready: readonly string[];
let logged: unknown[];

beforeEach(async () => {
  ledger = new ClusterLedger();
  clock = new VirtualClock(1_000_000);
  metrics = createExtenderMetrics(ledger, clock);
  unready = [];
  for (const name of ["node-1", "node-2", "node-3"]) {
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node: name }));
  }
  ledger.setProfile(aProfile());
  logged = [];
  const error = (entry: unknown): void => void logged.push(entry);
  server = createHttpServer({ bodyBytesMax: BODY_BYTES_MAX, logger: { ...silentLogger, error } });
  const limits = DEFAULT_PROMISE_LIMITS;
  await server.register(extenderApi, { ledger, clock, limits, metrics, unreadyReasons: () => unready });
  url = await listen(server, { host: "127.0.0.1", port: 0 });
});

afterEach(() => server.close());

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

async function post(verb: "filter" | "prioritize", body: unknown): Promise<Answer> {
  const response = await fetch(`${url}/${verb}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as Record<string, unknown> };
}

// As Go prints core/v1: empty structs and null timestamps stand in the text, and the Pod has no kind.
function args(nodes: readonly string[] | null, rest: object = {}): object {
  const pod = anApiPod({ spec: { nodeName: "" } });
  const metadata = { ...pod.metadata, creationTimestamp: null };
  return { Pod: { metadata, spec: pod.spec, status: {} }, Nodes: null, NodeNames: nodes, ...rest };
}

test("filter answers names with names, in the protocol's keys and with its nulls", async () => {
  ledger.upsertPod(aPod({ name: "batch", app: null, node: "node-2", cpuMilli: 750 }));
  const { status, body } = await post("filter", args(["node-1", "node-2", "node-3", "node-9"]));
  assert.equal(status, 200);
  assert.deepEqual(body, {
    Nodes: null,
    NodeNames: ["node-1", "node-3"],
    FailedNodes: {
      "node-2": "insufficient free resources once promised pods are counted",
      "node-9": "node is not known to Berth yet",
    },
    FailedAndUnresolvableNodes: {},
    Error: "",
  });
});

test("filter answers whole nodes with whole nodes, as they were sent", async () => {
  const node = (name: string): object => ({
    metadata: { name, labels: { zone: "a" } },
    spec: {},
    status: {},
  });
  const Nodes = { metadata: {}, items: [node("node-1"), node("node-2"), node("node-9")] };
  const { body } = await post("filter", args(null, { Nodes }));
  assert.deepEqual(body["Nodes"], { items: [node("node-1"), node("node-2")] });
  assert.equal(body["NodeNames"], null);
  assert.deepEqual(Object.keys(body["FailedNodes"] as object), ["node-9"]);
});

test("a node that only the mesh share keeps out is unresolvable: preemption cannot help there", async () => {
  ledger.upsertPod(aPod({ name: "batch", app: null, node: "node-1", cpuMilli: 680 }));
  ledger.setProfile(aProfile({ cost: { base: { cpuMilli: 150, memoryBytes: 0 } } }));
  ledger.removePod(aProxy({ node: "node-2" }).uid);
  ledger.upsertPod(aProxy({ node: "node-3", isReady: false }));
  const { body } = await post("filter", args(["node-1", "node-2", "node-3"]));
  assert.deepEqual(body["NodeNames"], []);
  assert.deepEqual(body["FailedNodes"], {});
  assert.deepEqual(body["FailedAndUnresolvableNodes"], {
    "node-1": "insufficient resources for the pod and its share of the node proxy",
    "node-2": "node has no proxy",
    "node-3": "node proxy is not ready",
  });
});

test("scores are integers in the text, since kube-scheduler drops every score for one that is not", async () => {
  const { status, text } = await post("prioritize", args(["node-1", "node-2"]));
  assert.equal(status, 200);
  assert.equal(text, '[{"Host":"node-1","Score":10},{"Host":"node-2","Score":9}]');
  assert.equal(ledger.reservationCount, 1);
});

test("prioritize gives no scores where nothing fits or the pod is outside the mesh", async () => {
  assert.equal((await post("prioritize", args(["node-9"]))).text, "[]");
  const pod = anApiPod({ metadata: { labels: {} }, spec: { nodeName: "" } });
  assert.equal((await post("prioritize", { Pod: pod, Nodes: null, NodeNames: ["node-1"] })).text, "[]");
  assert.equal(ledger.reservationCount, 0);
});

test("proxies pass unseen: an extender that held them up would lock itself out", async () => {
  const pod = anApiPod({ metadata: { labels: { "berth.dev/node-proxy": "berth" } }, spec: { nodeName: "" } });
  const question = { Pod: pod, Nodes: null, NodeNames: ["node-9"] };
  assert.deepEqual((await post("filter", question)).body["NodeNames"], ["node-9"]);
  assert.equal((await post("prioritize", question)).text, "[]");
  assert.equal(ledger.reservationCount, 0);
});

test("what is malformed is answered 400 with an Error that says what is wrong", async () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ Nodes: null, NodeNames: ["node-1"] }, /^Pod: a pod object is missing$/],
    [{ Pod: null, Nodes: null, NodeNames: ["node-1"] }, /^Pod: a pod object is missing$/],
    [{ ...args([]), Pod: { metadata: {}, spec: {} } }, /metadata\.uid/],
    [{ ...args([]), Pod: podRequesting("many") }, /shop\/cart-1: cpu: "many" is not a quantity/],
    [args(null), /^one of NodeNames and Nodes\.items must be an array$/],
    [{ ...args(null), NodeNames: "node-1" }, /^one of NodeNames and Nodes\.items must be an array$/],
    [args(null, { Nodes: { items: null } }), /^one of NodeNames and Nodes\.items must be an array$/],
    [{ ...args(null), NodeNames: ["node-1", 7] }, /^NodeNames: every entry is a string$/],
    [args(null, { Nodes: { items: [{ metadata: {} }] } }), /^Nodes\.items: every node has metadata\.name$/],
    [[], /^Pod: a pod object is missing$/],
    ["7", /^the body must be an ExtenderArgs object$/],
    ['{"Pod":', /JSON/],
    ["", /empty/],
  ];
  for (const verb of ["filter", "prioritize"] as const) {
    for (const [body, expected] of cases) {
      const answer = await post(verb, body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.match(String(answer.body["Error"]), expected);
    }
  }
  assert.deepEqual(logged, [], "the caller's faults are not this process's");
  assert.equal(ledger.reservationCount, 0);
});

function podRequesting(cpu: string): object {
  return anApiPod({
    spec: { nodeName: "", containers: [{ name: "app", resources: { requests: { cpu } } }] },
  });
}

test("while the ledger is not complete every verb is refused, for kube-scheduler to try again", async () => {
  unready = ["the cluster is not listed yet"];
  for (const verb of ["filter", "prioritize"] as const) {
    const { status, body } = await post(verb, args(["node-1"]));
    assert.equal(status, 503);
    assert.deepEqual(body, { Error: "not ready: the cluster is not listed yet" });
  }
  assert.equal(ledger.reservationCount, 0);
  unready = [];
  assert.equal((await post("filter", args(["node-1"]))).status, 200);
});

test("a body above the limit is refused", async () => {
  const names = Array.from({ length: BODY_BYTES_MAX / 8 }, (_, index) => `node-${index}`);
  const { status, body } = await post("filter", args(names));
  assert.equal(status, 413);
  assert.match(String(body["Error"]), /too large/);
});

test("the metrics tell verdicts, reasons, and promises that hold or ran out", async () => {
  await post("filter", args(["node-1", "node-2", "node-9"]));
  await post("prioritize", args(["node-1", "node-2"]));
  const held = await metrics.registry.metrics();
  assert.match(held, /^berth_extender_reservations 1$/m);
  assert.match(held, /^berth_extender_decisions_total\{verb="filter",verdict="fits"\} 1$/m);
  assert.match(held, /^berth_extender_decisions_total\{verb="prioritize",verdict="opensInstance"\} 1$/m);
  assert.match(held, /^berth_extender_rejected_nodes_total\{reason="nodeUnknown"\} 1$/m);
  assert.match(held, /^berth_extender_verb_duration_seconds_count\{verb="filter"\} 1$/m);
  clock.advance(DEFAULT_PROMISE_LIMITS.reservationMs);
  const later = await metrics.registry.metrics();
  assert.match(later, /^berth_extender_reservations 0$/m);
  assert.match(later, /^berth_extender_expired_reservations_total 1$/m);
});

test("a promise that is asked for again after it ran out is made anew", async () => {
  const only = args(["node-1"]);
  await post("filter", only);
  clock.advance(DEFAULT_PROMISE_LIMITS.reservationMs);
  await post("filter", only);
  assert.equal(ledger.reservationCount, 1);
  assert.equal(ledger.node("node-1" as NodeName)?.requested.cpuMilli, 100);
});
