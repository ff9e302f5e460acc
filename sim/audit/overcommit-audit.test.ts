import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { costedDemand } from "#model/fit.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { decodeNode } from "#kube/decode-node.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { allCandidates } from "#scheduler-extender/policy/candidates.ts";
import { place } from "#scheduler-extender/policy/placement.ts";
import type { JsonObject } from "../loopback/json.ts";
import { ObjectStore } from "../loopback/object-store.ts";
import { SeededRandom } from "../seeded-random.ts";
import { NodeContents } from "./node-contents.ts";
import { OvercommitAudit } from "./overcommit-audit.ts";

let store: ObjectStore;
let audit: OvercommitAudit;

beforeEach(() => {
  store = new ObjectStore({ clock: new VirtualClock() });
  audit = new OvercommitAudit(store, new NodeContents(store));
  // 1,000 millicores and 1,000 MiB, of which the proxy needs 100 and 100 at least.
  addNode("node-1");
  addProxy("node-1");
  setProfile({ base: { cpu: "50m", memory: "100Mi" }, perPod: { cpu: "10m", memory: "10Mi" } });
});

function addNode(name: string): void {
  store.create("nodes", { metadata: { name }, status: { allocatable: { cpu: "1", memory: "1000Mi" } } });
}

function addProxy(node: string, annotations: Readonly<Record<string, string>> = {}): void {
  store.create("pods", {
    metadata: {
      name: `proxy-on-${node}`,
      namespace: "berth-system",
      labels: { [PROXY_LABEL]: "berth" },
      annotations: { "berth.dev/proxy-base": '{"cpu":"100m","memory":"100Mi"}', ...annotations },
    },
    spec: { nodeName: node, containers: [{ name: "proxy", resources: { requests: { cpu: "150m" } } }] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  });
}

function setProfile(cost: JsonObject): void {
  const none = { cpu: "0", memory: "0" };
  const spec = { cost: { perConnection: none, perKiloRps: none, ...cost } };
  store.create("meshprofiles", { metadata: { namespace: "shop", name: "cart" }, spec });
}

function bind(name: string, cpu: string, { node = "node-1", memory = "1Mi", isMesh = true } = {}): void {
  const labels = isMesh ? { [APP_LABEL]: "cart", [MESH_LABEL]: MESH_ENABLED } : {};
  store.create("pods", {
    metadata: { name, namespace: "shop", labels },
    spec: { nodeName: node, containers: [{ name: "app", resources: { requests: { cpu, memory } } }] },
    status: { phase: "Running" },
  });
}

test("a node filled to the last millicore is not overcommitted, and one more millicore is", () => {
  // 1,000 − 100 for the proxy − 50 for the instance − 2 · 10 for its pods.
  bind("cart-1", "400m");
  bind("cart-2", "430m");
  assert.equal(audit.placements, 2);
  assert.equal(audit.overcommits, 0);
  store.delete("pods", { namespace: "shop", name: "cart-2" });
  bind("cart-3", "431m");
  assert.equal(audit.overcommits, 1);
  assert.deepEqual(audit.examples, [
    { node: "node-1", pod: "shop/cart-3", resource: "cpu", needed: 1_001, allocatable: 1_000 },
  ]);
});

test("memory is counted like CPU", () => {
  bind("cart-1", "1m", { memory: "791Mi" });
  assert.deepEqual(
    audit.examples.map(({ resource, needed, allocatable }) => [resource, needed - allocatable]),
    [["memory", 1024 ** 2]],
  );
});

test("what the proxy was corrected to counts", () => {
  addNode("node-2");
  addProxy("node-2", { "berth.dev/correction": '{"cpu":2,"memory":1}' });
  bind("cart-1", "780m", { node: "node-2" });
  assert.equal(audit.overcommits, 0);
  bind("batch-1", "1m", { node: "node-2", isMesh: false });
  assert.equal(audit.overcommits, 1);
});

test("a pod outside the mesh makes the proxy no larger, and a finished one takes no room", () => {
  bind("batch-1", "900m", { isMesh: false });
  assert.equal(audit.overcommits, 0);
  const pod = store.get("pods", { namespace: "shop", name: "batch-1" })!;
  store.update("pods", { ...pod, status: { phase: "Succeeded" } });
  bind("batch-2", "900m", { isMesh: false });
  assert.equal(audit.overcommits, 0);
});

test("an app without a profile costs what is documented", () => {
  store.delete("meshprofiles", { namespace: "shop", name: "cart" });
  // 50 + 10 + 20 connections for nothing + 0.05 thousand requests a second at 200.
  bind("cart-1", "830m");
  assert.equal(audit.overcommits, 0);
  bind("batch-1", "1m", { isMesh: false });
  assert.equal(audit.overcommits, 1);
});

test("learned costs count instead of the given ones, rounded up, once they are known well enough to be charged", () => {
  const none = { cpuMilli: 0, memoryBytes: 0 };
  const learn = (confidence: number): void => {
    const learned = {
      base: { cpuMilli: 199.5, memoryBytes: 0 },
      perPod: { cpuMilli: 9, memoryBytes: 0 },
      perConnection: { cpuMilli: 0.1, memoryBytes: 0 },
      perKiloRps: none,
      connectionsPerPod: 5,
      requestsPerSecondPerPod: 0,
      confidence,
    };
    const profile = store.get("meshprofiles", { namespace: "shop", name: "cart" })!;
    store.update("meshprofiles", { ...profile, status: { learned } });
  };
  learn(0.49);
  // 1,000 − 100 for the proxy − 50 for the instance − 10 for its pod.
  bind("cart-1", "840m");
  assert.equal(audit.overcommits, 0);
  learn(0.5);
  store.delete("pods", { namespace: "shop", name: "cart-1" });
  // 1,000 − 100 − ⌈199.5⌉ − ⌈9.5⌉.
  bind("cart-2", "690m");
  assert.equal(audit.overcommits, 0);
  bind("batch-1", "1m", { isMesh: false });
  assert.equal(audit.overcommits, 1);
});

test("proxies, and changes of pods that are placed already, are no placements", () => {
  bind("cart-1", "100m");
  const pod = store.get("pods", { namespace: "shop", name: "cart-1" })!;
  store.update("pods", { ...pod, status: { phase: "Running", podIP: "10.0.0.1" } });
  assert.equal(audit.placements, 1);
});

test("what the extender places is never an overcommit to the audit, and a pod beside its choice is", () => {
  const random = new SeededRandom(3);
  for (const name of ["node-2", "node-3"]) {
    addNode(name);
    addProxy(name);
  }
  const ledger = new ClusterLedger();
  for (const node of store.list("nodes")) ledger.upsertNode(decodeNode(node));
  for (const profile of store.list("meshprofiles")) ledger.setProfile(decodeMeshProfile(profile));
  for (const pod of store.list("pods")) ledger.upsertPod(decodePod(pod));
  let unplaced = 0;
  for (let index = 0; index < 60; index++) {
    const sample = { isMesh: random.next() < 0.8, memory: `${10 + random.integer(100)}Mi` };
    const name = `pod-${index}`;
    const cpu = `${10 + random.integer(150)}m`;
    const labels = sample.isMesh ? { [APP_LABEL]: "cart", [MESH_LABEL]: MESH_ENABLED } : {};
    const containers = [{ name: "app", resources: { requests: { cpu, memory: sample.memory } } }];
    const asked = decodePod({
      metadata: { uid: name, name, namespace: "shop", labels },
      spec: { containers },
    });
    const placement = place(costedDemand(asked, ledger), allCandidates(ledger), { ledger });
    if (placement === undefined) {
      unplaced++;
      continue;
    }
    bind(name, cpu, { ...sample, node: placement.node });
    ledger.upsertPod(decodePod(store.get("pods", { namespace: "shop", name })));
  }
  assert.ok(unplaced > 0 && audit.placements > 20);
  assert.equal(audit.overcommits, 0);
  bind("beside", "500m");
  assert.equal(audit.overcommits, 1);
});
