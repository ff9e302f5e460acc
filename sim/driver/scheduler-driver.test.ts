import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { KubeConnection } from "#kube/connection.ts";
import {
  answerJson,
  type ScriptedRequest,
  type ScriptedServer,
  startScriptedServer,
} from "#kube/scripted-server.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import type { JsonObject } from "../loopback/json.ts";
import { LoopbackApi } from "../loopback/loopback-api.ts";
import { SchedulerDriver } from "./scheduler-driver.ts";

interface Question {
  readonly Pod: { readonly metadata: { readonly name: string } };
  readonly Nodes: null;
  readonly NodeNames: readonly string[];
}

type Answer = (question: Question, response: ServerResponse) => unknown;

let api: LoopbackApi;
let clock: VirtualClock;
let connection: KubeConnection;
let extender: ScriptedServer;
let driver: SchedulerDriver;
/** What the extender answers; by default every node passes and none is preferred. */
let filter: Answer;
let prioritize: Answer;

beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  api = new LoopbackApi({ clock, serverClock: systemClock() });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  filter = ({ NodeNames }) => passed(NodeNames);
  prioritize = () => [];
  extender = await startScriptedServer((request, response) => {
    const question = request.body as Question;
    const answer = request.path === "/filter" ? filter(question, response) : prioritize(question, response);
    if (answer !== undefined) answerJson(response, 200, answer);
  });
  driver = new SchedulerDriver({
    connection,
    extenderUrl: extender.url,
    clock,
    random: () => 0,
    logger: silentLogger,
  });
});

afterEach(async () => {
  await driver.stop();
  await connection.close();
  await extender[Symbol.asyncDispose]();
  await api.close();
});

function passed(names: readonly string[]): object {
  return { Nodes: null, NodeNames: names, FailedNodes: {}, FailedAndUnresolvableNodes: {}, Error: "" };
}

function addNode(name: string, { cpu = "1", spec = {}, labels = {} }: NodeSample = {}): void {
  api.store.create("nodes", {
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
    spec,
    status: { allocatable: { cpu, memory: "8Gi", pods: "110" } },
  });
}

interface NodeSample {
  readonly cpu?: string;
  readonly spec?: JsonObject;
  readonly labels?: JsonObject;
}

function addPod(name: string, spec: JsonObject = {}, cpu = "100m"): void {
  api.store.create("pods", {
    metadata: { name, namespace: "default" },
    spec: {
      containers: [{ name: "app", image: "i", resources: { requests: { cpu, memory: "64Mi" } } }],
      ...spec,
    },
    status: { phase: "Pending" },
  });
}

function nodeOf(name: string): unknown {
  return api.store.get("pods", { namespace: "default", name })?.spec?.["nodeName"];
}

function asked(path: string): readonly ScriptedRequest[] {
  return extender.requests.filter((request) => request.path === path);
}

/** Has the driver see everything and schedule what it may. */
async function schedule(): Promise<void> {
  for (let version = -1; version !== api.store.resourceVersion || driver.hasActive;) {
    version = api.store.resourceVersion;
    const observed = driver.whenObserved(version).then(() => "observed");
    do api.bookmarkWatchers();
    while ((await Promise.race([observed, setImmediate("turn")])) !== "observed");
    await driver.drain();
  }
}

async function scheduleAfter(ms: number): Promise<void> {
  clock.advance(ms);
  await schedule();
}

test("the extender is asked as kube-scheduler asks: the whole pod, no nodes, names last", async () => {
  addNode("node-1");
  addNode("node-2");
  addPod("cart-1");
  await driver.start("onDemand");
  await schedule();
  assert.equal(asked("/filter").length, 1);
  const [{ method, headers, body }] = asked("/filter") as [ScriptedRequest];
  assert.equal(method, "POST");
  assert.equal(headers["content-type"], "application/json");
  assert.deepEqual(Object.keys(body as object), ["Pod", "Nodes", "NodeNames"]);
  const { Pod, Nodes, NodeNames } = body as Question;
  assert.equal(Nodes, null);
  assert.equal(Pod.metadata.name, "cart-1");
  assert.deepEqual(Pod, JSON.parse(JSON.stringify(Pod)));
  assert.deepEqual([...NodeNames].toSorted(), ["node-1", "node-2"]);
  const [scored] = asked("/prioritize") as [ScriptedRequest];
  assert.deepEqual((scored.body as Question).NodeNames, NodeNames);
});

test("one step of the extender's score outweighs the default plugins", async () => {
  addNode("empty", { cpu: "16" });
  addNode("crowded");
  addPod("filler", { nodeName: "crowded" }, "700m");
  prioritize = () => [
    { Host: "crowded", Score: 10 },
    { Host: "empty", Score: 9 },
  ];
  await driver.start("onDemand");
  addPod("cart-1");
  await schedule();
  assert.equal(nodeOf("cart-1"), "crowded");
});

test("a node that is left alone is taken without asking for scores", async () => {
  addNode("node-1");
  addNode("node-2");
  filter = () => passed(["node-2"]);
  await driver.start("onDemand");
  addPod("cart-1");
  await schedule();
  assert.equal(nodeOf("cart-1"), "node-2");
  assert.equal(asked("/prioritize").length, 0);
});

test("a pod that the extender rejects everywhere waits for something to change", async () => {
  addNode("node-1");
  filter = () => ({});
  await driver.start("onDemand");
  addPod("cart-1");
  filter = () => ({ ...passed([]), FailedNodes: { "node-1": "no" } });
  await schedule();
  await scheduleAfter(60_000);
  assert.equal(asked("/filter").length, 1);
  assert.equal(driver.pending, 1);
  filter = ({ NodeNames }) => passed(NodeNames);
  addNode("node-2");
  await scheduleAfter(10_000);
  assert.notEqual(nodeOf("cart-1"), undefined);
  assert.equal(driver.pending, 0);
});

const FAILURES: Readonly<Record<string, Answer>> = {
  "a status other than 200": (_, response) => void response.writeHead(503).end("{}"),
  "an Error": () => ({ ...passed(["node-1"]), Error: "no" }),
  "a node that was not asked about": () => passed(["node-9"]),
  "no JSON": (_, response) => void response.end("oops"),
  "scores in place of a filter's answer": () => [],
  "a broken connection": (_, response) => void response.destroy(),
};

for (const [failure, answer] of Object.entries(FAILURES)) {
  test(`a filter that answers with ${failure} has the pod tried again`, async () => {
    addNode("node-1");
    filter = answer;
    await driver.start("onDemand");
    addPod("cart-1");
    await schedule();
    assert.equal(nodeOf("cart-1"), undefined);
    filter = ({ NodeNames }) => passed(NodeNames);
    await scheduleAfter(999);
    assert.equal(nodeOf("cart-1"), undefined);
    await scheduleAfter(1);
    assert.equal(nodeOf("cart-1"), "node-1");
  });
}

test("a prioritize that fails, or has a score that is no integer, costs the scores and not the pod", async () => {
  addNode("node-1");
  addNode("node-2");
  await driver.start("onDemand");
  prioritize = (_, response) => void response.writeHead(500).end();
  addPod("cart-1");
  await schedule();
  assert.notEqual(nodeOf("cart-1"), undefined);
  prioritize = () => [{ Host: "node-1", Score: 7.5 }];
  addPod("cart-2");
  await schedule();
  assert.notEqual(nodeOf("cart-2"), undefined);
});

test("a pod that was chosen counts at once, so that the next one does not take its room", async () => {
  addNode("node-1");
  await driver.start("onDemand");
  addPod("cart-1", {}, "600m");
  addPod("cart-2", {}, "600m");
  await schedule();
  const nodes = [nodeOf("cart-1"), nodeOf("cart-2")];
  assert.deepEqual(nodes.filter((node) => node === "node-1").length, 1);
  assert.equal(asked("/filter").length, 1, "the extender is not asked about full nodes");
  const bound = nodes[0] === undefined ? "cart-2" : "cart-1";
  api.store.delete("pods", { namespace: "default", name: bound });
  await scheduleAfter(10_000);
  assert.equal(driver.pending, 0);
});

test("a binding that is refused has the pod tried again, and its room is given back", async () => {
  addNode("node-1");
  await driver.start("onDemand");
  const create = connection.create.bind(connection);
  connection.create = async (path, body) => {
    connection.create = create;
    return create(path, { ...(body as object), metadata: { name: "cart-1", uid: "of-another-pod" } });
  };
  addPod("cart-1", {}, "600m");
  await schedule();
  assert.equal(nodeOf("cart-1"), undefined);
  addPod("cart-2", {}, "600m");
  await schedule();
  assert.equal(nodeOf("cart-2"), "node-1");
  api.store.delete("pods", { namespace: "default", name: "cart-2" });
  await scheduleAfter(10_000);
  assert.equal(nodeOf("cart-1"), "node-1");
});

test("a pod that someone else binds during its cycle is left there, and its room counts", async () => {
  addNode("node-1");
  addNode("node-2", { spec: { unschedulable: true } });
  await driver.start("onDemand");
  filter = ({ Pod, NodeNames }) => {
    const pod = api.store.get("pods", { namespace: "default", name: Pod.metadata.name })!;
    api.store.update("pods", { ...pod, spec: { ...pod.spec, nodeName: "node-2" } });
    return passed(NodeNames);
  };
  addPod("cart-1", {}, "600m");
  await schedule();
  assert.equal(nodeOf("cart-1"), "node-2");
  assert.equal(driver.pending, 0);
  filter = ({ NodeNames }) => passed(NodeNames);
  addPod("cart-2", {}, "600m");
  await schedule();
  assert.equal(nodeOf("cart-2"), "node-1");
});

test("a pod that is deleted during its cycle leaves nothing behind", async () => {
  addNode("node-1");
  await driver.start("onDemand");
  filter = ({ Pod, NodeNames }) => {
    api.store.delete("pods", { namespace: "default", name: Pod.metadata.name });
    return passed(NodeNames);
  };
  addPod("cart-1", {}, "600m");
  await schedule();
  assert.equal(driver.pending, 0);
  filter = ({ NodeNames }) => passed(NodeNames);
  addPod("cart-2", {}, "600m");
  await schedule();
  assert.equal(nodeOf("cart-2"), "node-1");
});

test("taints, selectors and affinity keep nodes from the extender's question", async () => {
  const taint = { key: "berth.dev/example", value: "only", effect: "NoSchedule" };
  addNode("tainted", { spec: { taints: [taint] } });
  addNode("ssd", { labels: { disk: "ssd" } });
  addNode("hdd", { labels: { disk: "hdd" } });
  await driver.start("onDemand");
  const terms = [{ matchExpressions: [{ key: "disk", operator: "In", values: ["hdd"] }] }];
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
  addPod("untolerating");
  addPod("selecting", { nodeSelector: { disk: "ssd" } });
  addPod("bound-by-affinity", { affinity: { nodeAffinity } });
  addPod("tolerating", {
    nodeSelector: { "kubernetes.io/hostname": "tainted" },
    tolerations: [{ ...taint, operator: "Equal" }],
  });
  await schedule();
  const questions = asked("/filter").map(({ body }) => {
    const { Pod, NodeNames } = body as Question;
    return [Pod.metadata.name, [...NodeNames].toSorted()];
  });
  assert.deepEqual(Object.fromEntries(questions), {
    untolerating: ["hdd", "ssd"],
    selecting: ["ssd"],
    "bound-by-affinity": ["hdd"],
    tolerating: ["tainted"],
  });
});

test("a pod with a scheduling gate waits until it is lifted", async () => {
  addNode("node-1");
  await driver.start("onDemand");
  addPod("cart-1", { schedulingGates: [{ name: "berth.dev/nominate" }] });
  await schedule();
  assert.equal(asked("/filter").length, 0);
  const pod = api.store.get("pods", { namespace: "default", name: "cart-1" })!;
  const { schedulingGates: _, ...spec } = pod.spec!;
  api.store.update("pods", { ...pod, spec });
  await schedule();
  assert.equal(nodeOf("cart-1"), "node-1");
});

test("in automatic mode pods are scheduled as they come, those of one batch too", async () => {
  await driver.start("automatic");
  for (let index = 0; index < 30; index++) addPod(`cart-${index}`);
  while (driver.pending < 30 || driver.hasActive) await setImmediate();
  addNode("node-1", { cpu: "8" });
  // Every pod was tried in vain, and its backoff runs on this clock.
  while (driver.pending > 0) {
    clock.advance(100);
    await setImmediate();
  }
  for (let index = 0; index < 30; index++) assert.equal(nodeOf(`cart-${index}`), "node-1");
});
