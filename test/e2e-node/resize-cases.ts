// Resizes in place by the recommender, as the kernel sees them: other limits, the same processes.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { PROXY_LABEL } from "#model/app.ts";
import { formatCpu, formatMemory } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { decodeProxyPod } from "#vpa-recommender/shell/proxy-pod.ts";
import { answerOf, inboundPort, removePod, startApp } from "./mesh-apps.ts";
import { NODE_ADDRESS } from "./machine-namespace.ts";
import { type NodeCluster, SYSTEM_NAMESPACE } from "./node-cluster.ts";
import { isActuated, type NodeProxy, nodeProxy, proxyRolledOut, quotaOf } from "./node-proxy.ts";
import type { Pod } from "./pod.ts";
import { underLoad } from "./under-load.ts";

const LIMITS = { cpuMilli: 1_000, memoryBytes: 1024 ** 3 };

export function resizeCases(cluster: () => NodeCluster): void {
  test("when an app joins the proxy grows in place: other shares, same processes, no request lost", async (t) => {
    const before = await settled(cluster());
    const after = await underLoad(t, await urlOf(cluster(), "web"), async () => {
      await startApp(cluster(), "joining");
      return grown(cluster(), before);
    });
    assertSameProcesses(before, after);
    assert.ok(after.group.cpuShares > before.group.cpuShares);
    assert.equal(after.group.cpuQuotaMicros, undefined, "the manifests set no limits");
    sayChange(t, before, after);
  });

  test("when the app leaves the proxy shrinks in place", async (t) => {
    const before = await settled(cluster());
    const after = await underLoad(t, await urlOf(cluster(), "web"), async () => {
      await removePod(cluster(), "joining-0");
      return shrunk(cluster(), before);
    });
    assertSameProcesses(before, after);
    assert.ok(after.group.cpuShares < before.group.cpuShares);
    sayChange(t, before, after);
  });

  test("a proxy that is created anew starts at its node's size, not at the template's", async (t) => {
    const before = await settled(cluster());
    await removePod(cluster(), before.pod.metadata.name, SYSTEM_NAMESPACE);
    let created: Pod | undefined;
    await cluster().until(async () => {
      const proxies = await cluster().pods(SYSTEM_NAMESPACE, { labelSelector: PROXY_LABEL });
      created = proxies.find(({ metadata }) => metadata.uid !== before.pod.metadata.uid);
      return created !== undefined;
    }, "the next proxy");
    assert.ok(created !== undefined);
    const { requests } = decodeProxyPod(created);
    t.diagnostic(`was ${sizeOf(before)}; created with ${JSON.stringify(quantities(requests))}`);
    assert.equal(created.metadata.generation, 1, "not resized yet");
    assert.ok(requests.memoryBytes > TEMPLATE_MEMORY_BYTES);
    await proxyRolledOut(cluster(), before);
    await cluster().until(
      async () => (await answerOf(await urlOf(cluster(), "web"))) === "web-0",
      "web to be served",
    );
  });

  test("where the DaemonSet sets limits they move with the requests: cfs quota and memory limit, both ways", async (t) => {
    const first = await nodeProxy(cluster());
    await patchProxies(cluster(), {
      containers: [{ name: "proxy", resources: { limits: quantities(LIMITS) } }],
    });
    await proxyRolledOut(cluster(), first);
    await cluster().until(
      async () => (await answerOf(await urlOf(cluster(), "web"))) === "web-0",
      "web to be served",
    );
    const before = await settled(cluster());
    assert.equal(before.group.cpuQuotaMicros, quotaOf(before.view.limits.cpuMilli ?? 0));
    await underLoad(t, await urlOf(cluster(), "web"), async () => {
      await startApp(cluster(), "limited");
      const after = await grown(cluster(), before);
      assertSameProcesses(before, after);
      assert.ok((after.group.cpuQuotaMicros ?? 0) > (before.group.cpuQuotaMicros ?? 0));
      assert.ok(after.group.memoryLimitBytes > before.group.memoryLimitBytes);
      sayChange(t, before, after);
      await removePod(cluster(), "limited-0");
      const last = await shrunk(cluster(), after);
      assertSameProcesses(before, last);
      assert.ok((last.group.cpuQuotaMicros ?? 0) < (after.group.cpuQuotaMicros ?? 0));
      assert.ok(last.group.memoryLimitBytes < after.group.memoryLimitBytes);
      sayChange(t, after, last);
    });
  });
}

/** manifests/base/proxy.yaml */
const TEMPLATE_MEMORY_BYTES = 176 * 1024 ** 2;

export async function urlOf(cluster: NodeCluster, app: string): Promise<string> {
  return `http://${NODE_ADDRESS}:${await inboundPort(cluster, app)}`;
}

/** Changes the DaemonSet's template. */
export async function patchProxies(cluster: NodeCluster, podSpec: object): Promise<void> {
  const patch = JSON.stringify({ spec: { template: { spec: podSpec } } });
  await cluster.kubectl(
    "-n",
    SYSTEM_NAMESPACE,
    "patch",
    "daemonset",
    "berth-proxy",
    "--type=strategic",
    `--patch=${patch}`,
  );
}

export function quantities({ cpuMilli, memoryBytes }: Resources): { cpu: string; memory: string } {
  return { cpu: formatCpu(cpuMilli), memory: formatMemory(memoryBytes) };
}

/** The proxy, once its size has not changed for longer than the recommender waits to shrink it. */
export async function settled(cluster: NodeCluster): Promise<NodeProxy> {
  let last = "";
  let sinceMs = 0;
  await cluster.until(async () => {
    const proxy = await nodeProxy(cluster);
    if (!isActuated(proxy)) return false;
    if (sizeOf(proxy) !== last) [last, sinceMs] = [sizeOf(proxy), Date.now()];
    return Date.now() - sinceMs > SETTLED_MS;
  }, "the proxy to keep its size");
  return nodeProxy(cluster);
}

/** Above the delays that overlay/kustomization.yaml sets. */
const SETTLED_MS = 5_000;

export function grown(cluster: NodeCluster, before: NodeProxy): Promise<NodeProxy> {
  return resized(cluster, ({ view }) => view.requests.cpuMilli > before.view.requests.cpuMilli);
}

export function shrunk(cluster: NodeCluster, before: NodeProxy): Promise<NodeProxy> {
  return resized(cluster, ({ view }) => view.requests.cpuMilli < before.view.requests.cpuMilli);
}

async function resized(cluster: NodeCluster, isMeant: (proxy: NodeProxy) => boolean): Promise<NodeProxy> {
  await cluster.until(async () => {
    const proxy = await nodeProxy(cluster);
    return isMeant(proxy) && isActuated(proxy);
  }, "the kernel to have the proxy's new size");
  return nodeProxy(cluster);
}

export function assertSameProcesses(before: NodeProxy, after: NodeProxy): void {
  assert.equal(after.pod.metadata.uid, before.pod.metadata.uid);
  assert.equal(after.containerId, before.containerId);
  assert.equal(after.restartCount, before.restartCount);
  assert.deepEqual(after.group.pids, before.group.pids);
}

export function sayChange(t: TestContext, before: NodeProxy, after: NodeProxy): void {
  t.diagnostic(`${sizeOf(before)} → ${sizeOf(after)}; processes ${after.group.pids.join(", ")} throughout`);
}

function sizeOf({ view, group }: NodeProxy): string {
  const { cpu, memory } = quantities(view.requests);
  const mebibytes = Math.round(group.memoryLimitBytes / 1024 ** 2);
  const limits =
    group.cpuQuotaMicros === undefined
      ? ""
      : `, cfs quota ${group.cpuQuotaMicros} µs, memory limit ${mebibytes} MiB`;
  return `requests ${cpu} and ${memory}, shares ${group.cpuShares}${limits}`;
}
