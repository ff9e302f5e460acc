// What is not a question gets a 4xx with an Error, a log line, and changes nothing; what is a strange one, about pods that
// are bound, recreated or unknown, promises nothing that it should not.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import * as fc from "fast-check";
import type { FastifyInstance } from "fastify";
import { ClusterLedger } from "#model/ledger.ts";
import { decodePod } from "#kube/decode-pod.ts";
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
import { createExtenderMetrics } from "./extender-metrics.ts";

const VERBS = ["filter", "prioritize", "preempt"] as const;
const NODES = ["node-1", "node-2"];
const BODY_BYTES_MAX = 65_536;

let ledger: ClusterLedger;
let clock: VirtualClock;
let server: FastifyInstance;
let url: string;
let warned: unknown[];
let failed: unknown[];

beforeEach(async () => {
  ledger = new ClusterLedger();
  clock = new VirtualClock(1_000_000);
  for (const name of NODES) {
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node: name }));
  }
  ledger.setProfile(aProfile());
  ledger.upsertPod(aPod({ name: "victim", app: null, node: "node-1", priority: -1 }));
  [warned, failed] = [[], []];
  const logger = {
    ...silentLogger,
    warn: (entry: unknown): void => void warned.push(entry),
    error: (entry: unknown): void => void failed.push(entry),
  };
  server = createHttpServer({ bodyBytesMax: BODY_BYTES_MAX, logger });
  const metrics = createExtenderMetrics(ledger, clock);
  const limits = DEFAULT_PROMISE_LIMITS;
  await server.register(extenderApi, { ledger, clock, limits, metrics, unreadyReasons: () => [], logger });
  url = await listen(server, { host: "127.0.0.1", port: 0 });
});

afterEach(() => server.close());

async function send(verb: string, payload: string | Buffer): Promise<{ status: number; text: string }> {
  const { statusCode, payload: text } = await server.inject({
    method: "POST",
    url: `/${verb}`,
    headers: { "content-type": "application/json" },
    payload,
  });
  return { status: statusCode, text };
}

function question(verb: (typeof VERBS)[number], pod: object = anApiPod({ spec: { nodeName: "" } })): object {
  if (verb !== "preempt") return { Pod: pod, Nodes: null, NodeNames: NODES };
  const victims = { Pods: [{ UID: "uid-of-victim" }], NumPDBViolations: 0 };
  return { Pod: pod, NodeNameToVictims: null, NodeNameToMetaVictims: { "node-1": victims } };
}

/** All that verbs may change. */
function state(): unknown {
  return [
    [...ledger.reservations()],
    [...ledger.nodes()].map(({ name, requested, modelCost, holds }) => [
      name,
      requested,
      modelCost,
      [...holds.values()],
    ]),
  ];
}

async function assertHarmless(verb: string, payload: string | Buffer): Promise<void> {
  const before = state();
  const { status, text } = await send(verb, payload);
  assert.ok(status === 200 || (status >= 400 && status < 500), `${verb} ${status}: ${text}`);
  if (status === 200) {
    // What a changed question still says may be answered, and the promise of that answer taken back.
    ledger.expire(Infinity);
  } else {
    assert.equal(typeof (JSON.parse(text) as { Error?: unknown }).Error, "string");
  }
  assert.deepEqual(state(), before);
  assert.deepEqual(failed, [], text);
}

test("no JSON at all, of whatever shape, upsets a verb", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...VERBS), fc.json({ maxDepth: 4 }), (verb, text) =>
      assertHarmless(verb, text),
    ),
    { numRuns: 300 },
  );
});

test("a question with something in it replaced, left out or cut off is answered or refused, and changes nothing else", async () => {
  const strange = fc.oneof(
    fc.constantFrom(null, -1, 1e308, "", "\u0000", "9".repeat(400), [], {}, [null], true),
    fc.jsonValue({ maxDepth: 2 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...VERBS),
      fc.nat(),
      fc.option(strange, { nil: undefined }),
      fc.option(fc.nat(), { nil: undefined }),
      async (verb, at, value, cutAt) => {
        const body = changed(question(verb, RICH_POD), at, value);
        const text = JSON.stringify(body);
        await assertHarmless(verb, cutAt === undefined ? text : text.slice(0, cutAt % text.length));
      },
    ),
    { numRuns: 600 },
  );
});

test("bytes that were garbled on the way are no text that is misread", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...VERBS),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      async (verb, flips) => {
        const bytes = Buffer.from(JSON.stringify(question(verb)));
        for (const [at, value] of flips) bytes[at % bytes.length] = value;
        await assertHarmless(verb, bytes);
      },
    ),
    { numRuns: 300 },
  );
});

test("a body that is too large, of another type or deeply nested is refused with a line in the log", async () => {
  const before = state();
  assert.equal((await send("filter", `[${"1,".repeat(BODY_BYTES_MAX)}1]`)).status, 413);
  const { statusCode } = await server.inject({
    method: "POST",
    url: "/filter",
    headers: { "content-type": "text/plain" },
    payload: "{}",
  });
  assert.ok(statusCode >= 400 && statusCode < 500);
  const depth = 20_000;
  assert.equal((await send("filter", `${"[".repeat(depth)}${"]".repeat(depth)}`)).status, 400);
  assert.deepEqual(state(), before);
  // One line a second; the next one says how many there were.
  assert.equal(warned.length, 1);
  assert.equal((warned[0] as { status: number }).status, 413);
});

test("a request that breaks off before its body is whole changes nothing", async () => {
  const before = state();
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const text = JSON.stringify(question("filter"));
  const head = `POST /filter HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n`;
  await new Promise<void>((resolve) => socket.write(head + text.slice(0, -10), () => resolve()));
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.destroy();
  });
  assert.equal((await send("prioritize", JSON.stringify(question("prioritize")))).status, 200);
  ledger.expire(Infinity);
  assert.deepEqual(state(), before);
});

test("more requests at once than kube-scheduler ever sends are told to come again", async () => {
  const { hostname, port } = new URL(url);
  const head =
    "POST /filter HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n";
  const sockets = Array.from({ length: 16 }, () => connect(Number(port), hostname));
  for (const socket of sockets) socket.write(head);
  const answer = (): Promise<{ status: number }> => send("filter", JSON.stringify(question("filter")));
  while ((await answer()).status !== 503) await new Promise((resolve) => setImmediate(resolve));
  for (const socket of sockets) socket.destroy();
  while ((await answer()).status !== 200) await new Promise((resolve) => setImmediate(resolve));
});

test("a pod without a uid is no pod", async () => {
  const pod = anApiPod({ spec: { nodeName: "" } }) as { metadata: Record<string, unknown> };
  const { uid: _, ...metadata } = pod.metadata;
  for (const verb of VERBS) {
    const { status, text } = await send(verb, JSON.stringify(question(verb, { ...pod, metadata })));
    assert.equal(status, 400);
    assert.match(text, /metadata\.uid/);
  }
});

test("nodes that Berth does not know are rejected by name, whatever their names are", async () => {
  const names = ["node-9", "__proto__", "constructor", 'quo"te', "ü"];
  const body = JSON.stringify({ ...question("filter"), NodeNames: names });
  const { status, text } = await send("filter", body);
  const { FailedNodes, NodeNames } = JSON.parse(text) as { FailedNodes: object; NodeNames: unknown };
  assert.equal(status, 200);
  assert.deepEqual(NodeNames, []);
  assert.deepEqual(Object.keys(FailedNodes).sort(), [...names].sort());
});

test("a pod that is bound already is answered, and promised nothing", async () => {
  const pod = anApiPod({ spec: { nodeName: "node-2" } });
  ledger.upsertPod(decodePod(pod));
  const before = state();
  for (const verb of ["filter", "prioritize"] as const)
    assert.equal((await send(verb, JSON.stringify(question(verb, pod)))).status, 200);
  assert.equal(ledger.reservationCount, 0);
  assert.deepEqual((state() as unknown[])[0], (before as unknown[])[0]);
});

test("a pod recreated under its name is another one: the promise to the first ends with it, not with the second", async () => {
  const first = anApiPod({ metadata: { uid: "first" }, spec: { nodeName: "" } });
  const second = anApiPod({ metadata: { uid: "second" }, spec: { nodeName: "" } });
  for (const pod of [first, second]) {
    ledger.upsertPod(decodePod(pod));
    await send("prioritize", JSON.stringify(question("prioritize", pod)));
  }
  assert.equal(ledger.reservationCount, 2);
  ledger.removePod(decodePod(first).uid);
  assert.deepEqual(
    [...ledger.reservations()].map(({ pod }) => pod.uid),
    ["second"],
  );
});

/** With something in every field that is read. */
const RICH_POD = anApiPod({
  metadata: { ownerReferences: [{ uid: "owner", controller: true }] },
  spec: {
    nodeName: "",
    priority: 5,
    preemptionPolicy: "PreemptLowerPriority",
    overhead: { cpu: "1m" },
    nodeSelector: { zone: "a" },
    tolerations: [{ key: "x", operator: "Exists" }],
    schedulingGates: [{ name: "berth.dev/placement" }],
    initContainers: [{ name: "init", restartPolicy: "Always", resources: { requests: { cpu: "5m" } } }],
  },
});

/** The body with the value in place of one of the things in it; without that thing if the value is undefined. */
function changed(body: object, at: number, value: unknown): unknown {
  const copy = structuredClone(body) as Record<string, unknown>;
  const places: (readonly [Record<string, unknown>, string])[] = [];
  const visit = (holder: Record<string, unknown>): void => {
    for (const [key, inner] of Object.entries(holder)) {
      places.push([holder, key]);
      if (typeof inner === "object" && inner !== null) visit(inner as Record<string, unknown>);
    }
  };
  visit(copy);
  const [holder, key] = places[at % places.length] ?? [copy, "Pod"];
  if (value === undefined) delete holder[key];
  else holder[key] = value;
  return copy;
}
