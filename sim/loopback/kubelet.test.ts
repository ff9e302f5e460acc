import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { listOf, objectOf, textOf, valueAt } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import type { KubeObject } from "./kube-object.ts";
import { SimulatedKubelet } from "./kubelet.ts";
import type { KubeletOptions } from "./kubelet.ts";
import { ObjectStore } from "./object-store.ts";
import { conditionOf } from "./pod-condition.ts";
import { POD_IP_ANNOTATION } from "./pod-addresses.ts";

const START_MS = 1_000;
const RESIZE_MS = 500;

interface Fleet {
  readonly clock: VirtualClock;
  readonly store: ObjectStore;
  readonly kubelet: SimulatedKubelet;
}

/** One node of 1,000 millicores and 1 GiB under a started kubelet. */
function aFleet(options: Partial<KubeletOptions> = {}): Fleet {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const store = new ObjectStore({ clock });
  const status = {
    allocatable: { cpu: "1", memory: "1Gi" },
    addresses: [{ type: "InternalIP", address: "192.0.2.7" }],
  };
  store.create("nodes", { metadata: { name: "n1" }, status });
  const delays = { startDelayMs: START_MS, resizeDelayMs: RESIZE_MS };
  const kubelet = new SimulatedKubelet({ store, clock, random: () => 0.99, ...delays, ...options });
  kubelet.start();
  return { clock, store, kubelet };
}

interface PodSample {
  readonly cpu?: string;
  readonly spec?: JsonObject;
  readonly metadata?: JsonObject;
}

function bind({ store }: Fleet, name: string, { cpu = "400m", spec, metadata }: PodSample = {}): KubeObject {
  return store.create("pods", {
    metadata: { name, namespace: "default", ...metadata },
    spec: {
      nodeName: "n1",
      containers: [{ name: "main", image: "i", resources: { requests: { cpu } } }],
      ...spec,
    },
    status: { phase: "Pending" },
  });
}

function pod({ store }: Fleet, name: string): KubeObject {
  const found = store.get("pods", { namespace: "default", name });
  assert.ok(found, `pod ${name} is there`);
  return found;
}

function resize(fleet: Fleet, name: string, cpu: string): void {
  const current = pod(fleet, name);
  const [container] = listOf(current.spec?.["containers"]);
  const containers = [{ ...objectOf(container), resources: { requests: { cpu } } }];
  fleet.store.update("pods", { ...current, spec: { ...current.spec, containers } });
  settle(fleet);
}

/** Lets the kubelet notice what was written. */
function settle({ clock }: Fleet): void {
  clock.advance(0);
  clock.advance(0);
}

function running(fleet: Fleet, name: string, sample?: PodSample): void {
  bind(fleet, name, sample);
  fleet.clock.advance(START_MS);
  settle(fleet);
  assert.equal(pod(fleet, name).status?.["phase"], "Running");
}

/** `spec / allocated / actuated` CPU requests of the first container. */
function sizes(fleet: Fleet, name: string): string {
  const current = pod(fleet, name);
  const at = (path: readonly string[], field: string): Json | undefined =>
    valueAt(objectOf(listOf(valueAt(current, path))[0]), field.split("."));
  const spec = at(["spec", "containers"], "resources.requests.cpu");
  const allocated = at(["status", "containerStatuses"], "allocatedResources.cpu");
  const actuated = at(["status", "containerStatuses"], "resources.requests.cpu");
  return [spec, allocated, actuated].join(" / ");
}

function pendingReason(fleet: Fleet, name: string): string | undefined {
  return textOf(conditionOf(pod(fleet, name).status, "PodResizePending")?.["reason"]);
}

test("a bound pod runs after the start delay, with addresses, conditions and allocated resources", () => {
  const fleet = aFleet();
  bind(fleet, "a");
  fleet.clock.advance(START_MS - 1);
  assert.equal(pod(fleet, "a").status?.["phase"], "Pending");
  fleet.clock.advance(1);
  const { status } = pod(fleet, "a");
  assert.equal(status?.["phase"], "Running");
  assert.equal(status["hostIP"], "192.0.2.7");
  assert.match(String(status["podIP"]), /^10\./);
  assert.equal(conditionOf(status, "Ready")?.["status"], "True");
  assert.deepEqual(status["allocatedResources"], { cpu: "400m" });
  assert.deepEqual(status["resources"], { requests: { cpu: "400m" } });
  assert.equal(status["observedGeneration"], 1);
  assert.equal(sizes(fleet, "a"), "400m / 400m / 400m");
});

test("a pod's address is the annotated one, else its node's on the host network", () => {
  const fleet = aFleet();
  running(fleet, "annotated", { cpu: "1m", metadata: { annotations: { [POD_IP_ANNOTATION]: "127.0.0.9" } } });
  running(fleet, "host", {
    cpu: "1m",
    spec: { hostNetwork: true, containers: [{ name: "main", image: "i" }] },
  });
  assert.equal(pod(fleet, "annotated").status?.["podIP"], "127.0.0.9");
  assert.equal(pod(fleet, "host").status?.["podIP"], "192.0.2.7");
});

test("no address is made up on a real node, and a given one is kept", () => {
  const fleet = aFleet({ isReal: (nodeName) => nodeName === "n1" });
  running(fleet, "plain", { cpu: "1m" });
  assert.equal(pod(fleet, "plain").status?.["podIP"], "192.0.2.7");
  const given = bind(fleet, "given", { cpu: "1m" });
  fleet.store.update("pods", { ...given, status: { phase: "Pending", podIP: "127.0.0.5" } });
  fleet.clock.advance(START_MS);
  assert.equal(pod(fleet, "given").status?.["podIP"], "127.0.0.5");
});

test("a pod that does not fit beside the others is turned away", () => {
  const fleet = aFleet();
  running(fleet, "first", { cpu: "700m" });
  bind(fleet, "second", { cpu: "400m" });
  fleet.clock.advance(START_MS);
  const { status } = pod(fleet, "second");
  assert.deepEqual([status?.["phase"], status?.["reason"]], ["Failed", "OutOfcpu"]);
  assert.match(String(status?.["message"]), /requested: 400, used: 700, capacity: 1000/);
});

test("a deleted pod is removed after its grace, and sooner if asked again", () => {
  const fleet = aFleet();
  running(fleet, "a");
  const remove = (graceSeconds: number): void => {
    const metadata = { ...pod(fleet, "a").metadata, deletionTimestamp: "2026-01-01T00:01:00Z" };
    fleet.store.update("pods", {
      ...pod(fleet, "a"),
      metadata: { ...metadata, deletionGracePeriodSeconds: graceSeconds },
    });
  };
  remove(30);
  fleet.clock.advance(10_000);
  remove(5);
  fleet.clock.advance(4_999);
  assert.ok(pod(fleet, "a"));
  fleet.clock.advance(1);
  assert.equal(fleet.store.get("pods", { namespace: "default", name: "a" }), undefined);
});

test("a resize that fits is allocated at once and carried out after the resize delay", () => {
  const fleet = aFleet();
  running(fleet, "a");
  resize(fleet, "a", "900m");
  assert.equal(sizes(fleet, "a"), "900m / 900m / 400m");
  assert.equal(conditionOf(pod(fleet, "a").status, "PodResizeInProgress")?.["status"], "True");
  fleet.clock.advance(RESIZE_MS);
  assert.equal(sizes(fleet, "a"), "900m / 900m / 900m");
  assert.equal(conditionOf(pod(fleet, "a").status, "PodResizeInProgress"), undefined);
  assert.deepEqual(pod(fleet, "a").status?.["resources"], { requests: { cpu: "900m" } });
  assert.equal(pod(fleet, "a").status?.["observedGeneration"], 2);
});

test("a resize without room is Deferred until another pod leaves", () => {
  const fleet = aFleet();
  running(fleet, "a");
  running(fleet, "b");
  resize(fleet, "a", "800m");
  assert.equal(pendingReason(fleet, "a"), "Deferred");
  assert.equal(sizes(fleet, "a"), "800m / 400m / 400m");
  fleet.clock.advance(600_000);
  assert.equal(pendingReason(fleet, "a"), "Deferred");
  fleet.store.delete("pods", { namespace: "default", name: "b" });
  fleet.clock.advance(RESIZE_MS);
  assert.equal(pendingReason(fleet, "a"), undefined);
  assert.equal(sizes(fleet, "a"), "800m / 800m / 800m");
});

test("a pod that shrinks makes room for the deferred one, higher priority first", () => {
  const fleet = aFleet();
  const withPriority = (priority: number): PodSample => ({
    spec: {
      priority,
      containers: [{ name: "main", image: "i", resources: { requests: { cpu: "300m" } } }],
    },
  });
  running(fleet, "low", withPriority(1));
  running(fleet, "high", withPriority(2));
  running(fleet, "big", { cpu: "400m" });
  resize(fleet, "low", "500m");
  fleet.clock.advance(1_000);
  resize(fleet, "high", "500m");
  resize(fleet, "big", "200m");
  fleet.clock.advance(RESIZE_MS);
  assert.equal(sizes(fleet, "high"), "500m / 500m / 500m");
  assert.equal(sizes(fleet, "low"), "500m / 300m / 300m");
  assert.equal(pendingReason(fleet, "low"), "Deferred");
});

test("a resize above the node is Infeasible, and taking it back ends that", () => {
  const fleet = aFleet();
  running(fleet, "a");
  resize(fleet, "a", "1500m");
  assert.equal(pendingReason(fleet, "a"), "Infeasible");
  resize(fleet, "a", "400m");
  assert.equal(pendingReason(fleet, "a"), undefined);
  assert.equal(sizes(fleet, "a"), "400m / 400m / 400m");
});

test("an injected fault defers a resize for a while, or refuses it until another is asked for", () => {
  const draws = [0, 0.9, 0, 0.1, 0.99];
  const fleet = aFleet({ faults: { resizeFaultRatio: 0.5 }, random: () => draws.shift() ?? 0.99 });
  running(fleet, "a");
  resize(fleet, "a", "500m");
  assert.equal(pendingReason(fleet, "a"), "Deferred");
  fleet.clock.advance(31_000);
  assert.equal(sizes(fleet, "a"), "500m / 500m / 500m");
  resize(fleet, "a", "600m");
  assert.equal(pendingReason(fleet, "a"), "Infeasible");
  fleet.clock.advance(600_000);
  assert.equal(pendingReason(fleet, "a"), "Infeasible");
  resize(fleet, "a", "550m");
  fleet.clock.advance(RESIZE_MS);
  assert.equal(sizes(fleet, "a"), "550m / 550m / 550m");
});

test("a kubelet that starts again takes over the running pods with their allocations", () => {
  const fleet = aFleet();
  running(fleet, "a", { cpu: "700m" });
  fleet.kubelet.stop();
  const { clock, store } = fleet;
  const delays = { startDelayMs: START_MS, resizeDelayMs: RESIZE_MS };
  new SimulatedKubelet({ store, clock, random: () => 0.99, ...delays }).start();
  bind(fleet, "b", { cpu: "400m" });
  clock.advance(START_MS);
  assert.equal(pod(fleet, "b").status?.["reason"], "OutOfcpu");
  assert.equal(pod(fleet, "a").status?.["phase"], "Running");
});
