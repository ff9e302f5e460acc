// What kubelet does with sizes that the recommender avoids: too large for the room, too large for the node, smaller than
// what is in use. They are asked for here with the recommender's own hands while it is away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { addResources, type Resources } from "#model/resources.ts";
import { KUBELET_NODE } from "#test/e2e/control-plane.ts";
import { parseMemoryBytes } from "#model/quantity.ts";
import { Resizer, type ResizeOutcome } from "#vpa-recommender/shell/resizer.ts";
import { examplePod, fillerPod, SHOP } from "./example-pods.ts";
import { removePod } from "./mesh-apps.ts";
import { type NodeCluster, SYSTEM_NAMESPACE } from "./node-cluster.ts";
import { allocatable, isActuated, nodeProxy, proxyRolledOut, roomOnNode } from "./node-proxy.ts";
import { conditionOf, type Pod } from "./pod.ts";
import { assertSameProcesses, patchProxies, sayChange, settled, urlOf } from "./resize-cases.ts";
import { underLoad } from "./under-load.ts";

const MEBIBYTE = 1024 ** 2;
/** Left free by the filler, and less than any growth asked for here. */
const GAP_BYTES = 64 * MEBIBYTE;
const GROWTH: Resources = { cpuMilli: 100, memoryBytes: 256 * MEBIBYTE };
/** Kubelet would have acted by then: it looks at a resize within a second. */
const WATCHED_MS = 8_000;

export function kubeletCases(cluster: () => NodeCluster): void {
  test("a resize that does not fit is deferred, ends nobody, and is granted when another pod leaves", async (t) => {
    await scaleRecommender(cluster(), 0);
    const before = await settled(cluster());
    await fill(cluster(), "filler");
    await underLoad(t, await urlOf(cluster(), "web"), async () => {
      assert.equal((await grow(cluster(), GROWTH)).kind, "accepted");
      await cluster().until(
        async () => (await nodeProxy(cluster())).view.pendingResize === "Deferred",
        "kubelet to defer",
      );
      const deferred = await nodeProxy(cluster());
      assert.deepEqual(deferred.group, before.group, "the kernel keeps the old size");
      await assertAllRun(cluster(), WATCHED_MS);
      await removePod(cluster(), "filler", "default");
      const freedMs = performance.now();
      await cluster().until(
        async () => isActuated(await nodeProxy(cluster())),
        "kubelet to grant the resize",
      );
      const after = await nodeProxy(cluster());
      t.diagnostic(`granted ${Math.round(performance.now() - freedMs)} ms after the other pod was deleted`);
      assertSameProcesses(before, after);
      sayChange(t, before, after);
    });
  });

  test("a size above the node is refused by the API server, and nothing changes", async (t) => {
    const before = await nodeProxy(cluster());
    const { memory } = await allocatable(cluster());
    const refusal = await resize(cluster(), {
      cpuMilli: before.view.requests.cpuMilli,
      memoryBytes: parseMemoryBytes(memory) + MEBIBYTE,
    });
    assert.equal(refusal.kind, "refused");
    t.diagnostic(refusal.kind === "refused" ? refusal.message : "");
    assert.deepEqual((await nodeProxy(cluster())).group, before.group);
  });

  test("a memory limit below what is in use is not set; the container goes on, and a sane limit heals it", async (t) => {
    const before = await nodeProxy(cluster());
    const { memoryBytes: limit = 0 } = before.view.limits;
    const distance = limit - before.view.requests.memoryBytes;
    // The proxy uses some 100 MiB: a limit of 32 MiB is below it whatever it does.
    await underLoad(t, await urlOf(cluster(), "web"), async () => {
      const tiny = await setMemory(cluster(), { request: 16 * MEBIBYTE, limit: 32 * MEBIBYTE });
      t.diagnostic(`PodResizeInProgress: ${tiny.reason}: ${tiny.message}`);
      const refused = await nodeProxy(cluster());
      assert.equal(refused.group.memoryLimitBytes, before.group.memoryLimitBytes);
      assertSameProcesses(before, refused);
      await setMemory(cluster(), { request: limit - distance, limit });
      await cluster().until(async () => {
        const proxy = await nodeProxy(cluster());
        return isActuated(proxy) && conditionOf(proxy.pod, "PodResizeInProgress") === undefined;
      }, "the proxy to be healthy again");
      assertSameProcesses(before, await nodeProxy(cluster()));
    });
  });

  test("a proxy of critical priority is never grown past the room, so that kubelet ends nobody for it", async (t) => {
    const first = await nodeProxy(cluster());
    await patchProxies(cluster(), { priorityClassName: "system-node-critical" });
    await proxyRolledOut(cluster(), first);
    await scaleRecommender(cluster(), 1);
    await settled(cluster());
    await fill(cluster(), "filler");
    const before = await nodeProxy(cluster());
    // Bound past kube-scheduler and the extender, who would not put it here.
    await cluster().connection.create(
      resourcePath({ ...PODS, namespace: SHOP }),
      boundPod("uninvited-0", "uninvited"),
    );
    await assertAllRun(cluster(), WATCHED_MS);
    const after = await nodeProxy(cluster());
    assertSameProcesses(before, after);
    assert.equal(after.view.pendingResize, undefined, "it was not even asked for");
    assert.deepEqual(await preemptions(cluster()), []);
    t.diagnostic(
      `with ${GAP_BYTES / MEBIBYTE} MiB of room: ${before.view.requests.memoryBytes / MEBIBYTE} → ${after.view.requests.memoryBytes / MEBIBYTE} MiB`,
    );
    await removePod(cluster(), "uninvited-0");
    await removePod(cluster(), "filler", "default");
  });

  test("what that avoids: to grow a critical proxy past the room kubelet does end another pod", async (t) => {
    await scaleRecommender(cluster(), 0);
    await settled(cluster());
    await fill(cluster(), "filler");
    assert.equal((await grow(cluster(), GROWTH)).kind, "accepted");
    await cluster().until(async () => (await preemptions(cluster())).length > 0, "kubelet to end a pod");
    for (const event of await preemptions(cluster()))
      t.diagnostic(`${event.involvedObject.name}: ${event.message}`);
    await removePod(cluster(), "filler", "default");
  });
}

async function scaleRecommender(cluster: NodeCluster, replicas: number): Promise<void> {
  const deployment = "deployment/berth-vpa-recommender";
  await cluster.kubectl("-n", SYSTEM_NAMESPACE, "scale", deployment, `--replicas=${replicas}`);
  await cluster.kubectl("-n", SYSTEM_NAMESPACE, "rollout", "status", deployment, "--timeout=60s");
  await cluster.until(async () => {
    const pods = await cluster.pods(SYSTEM_NAMESPACE, {
      labelSelector: "app.kubernetes.io/name=berth-vpa-recommender",
    });
    return pods.length === replicas;
  }, "the recommender's pods");
}

interface KubeletEvent {
  readonly involvedObject: { readonly name: string };
  readonly message: string;
}

/** Kubelet's Events on pods that it ended for the sake of another. */
async function preemptions({ connection }: NodeCluster): Promise<readonly KubeletEvent[]> {
  const { items } = (await connection.get("/api/v1/events", { fieldSelector: "reason=Preempting" })) as {
    items: readonly KubeletEvent[];
  };
  return items;
}

/** A pod that leaves the node only a little memory. */
async function fill(cluster: NodeCluster, name: string): Promise<void> {
  const { memoryBytes } = await roomOnNode(cluster);
  const pod = fillerPod({ name, memoryBytes: memoryBytes - GAP_BYTES });
  await cluster.connection.create(resourcePath({ ...PODS, namespace: "default" }), pod);
  await cluster.until(
    async () => (await podNamed(cluster, name))?.status.phase === "Running",
    `${name} to run`,
  );
}

async function podNamed(cluster: NodeCluster, name: string): Promise<Pod | undefined> {
  return (await cluster.pods("default")).find(({ metadata }) => metadata.name === name);
}

async function grow(cluster: NodeCluster, by: Resources): Promise<ResizeOutcome> {
  const { view } = await nodeProxy(cluster);
  return resize(cluster, addResources(view.requests, by));
}

async function resize(cluster: NodeCluster, size: Resources): Promise<ResizeOutcome> {
  const { view } = await nodeProxy(cluster);
  return new Resizer(cluster.connection).resize(view, size);
}

/** Resolves with what kubelet says of the resize while it is underway; undefined reason if it is done. */
async function setMemory(
  cluster: NodeCluster,
  { request, limit }: { readonly request: number; readonly limit: number },
): Promise<{ readonly reason: string; readonly message: string }> {
  const { view } = await nodeProxy(cluster);
  const resources = { requests: { memory: String(request) }, limits: { memory: String(limit) } };
  const path = resourcePath({ ...PODS, namespace: view.namespace, name: view.name, subresource: "resize" });
  const body = { spec: { containers: [{ name: view.containerName, resources }] } };
  await cluster.connection.patch(path, body, { type: "strategic" });
  let outcome = { reason: "", message: "" };
  await cluster.until(async () => {
    const proxy = await nodeProxy(cluster);
    const { reason = "", message = "" } = conditionOf(proxy.pod, "PodResizeInProgress") ?? {};
    outcome = { reason, message };
    return reason === "Error" || isActuated(proxy);
  }, "kubelet to answer the resize");
  return outcome;
}

/** Asserts for a while that no pod on the node ends. */
async function assertAllRun(cluster: NodeCluster, forMs: number): Promise<void> {
  const isOnNode = ({ spec }: Pod): boolean => spec.nodeName === KUBELET_NODE;
  const uids = (await cluster.pods()).filter(isOnNode).map(({ metadata }) => metadata.uid);
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs) {
    const pods = (await cluster.pods()).filter(isOnNode);
    for (const uid of uids) {
      const pod = pods.find(({ metadata }) => metadata.uid === uid);
      assert.ok(pod !== undefined && pod.metadata.deletionTimestamp === undefined, `${uid} is still there`);
      assert.ok(
        ["Pending", "Running"].includes(pod.status.phase ?? ""),
        `${pod.metadata.name} has not ended`,
      );
    }
    await setTimeout(200);
  }
}

function boundPod(name: string, app: string): object {
  const pod = examplePod({ name, app }) as { readonly spec: object };
  return { ...pod, spec: { ...pod.spec, nodeName: KUBELET_NODE } };
}
