// Sizes that follow what was measured, not what is planned: a log agent that is not Berth's, by metrics.k8s.io alone (what
// upstream's metrics-server read of kubelet, and the pods on the node), and the proxy by what it says of its instances.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { parseCpuMilli } from "#model/quantity.ts";
import { KUBELET_NODE } from "#test/e2e/control-plane.ts";
import { RECOMMENDATION_ANNOTATION } from "#vpa-recommender/shell/proxy-pod.ts";
import { LOG_AGENT, LOGGING, setUpdateMode, talk, TEMPLATE } from "./log-agent.ts";
import { NODE_ADDRESS } from "./machine-namespace.ts";
import { answerOf } from "./mesh-apps.ts";
import { isMeasured, metricsServerVersion } from "./metrics-server.ts";
import { type NodeCluster, SYSTEM_NAMESPACE } from "./node-cluster.ts";
import { isActuated, type NodeProxy, nodeProxy, onlyPod } from "./node-proxy.ts";
import { assertSameProcesses, grown, sayChange, settled, shrunk, urlOf } from "./resize-cases.ts";
import { SteadyLoad } from "./steady-load.ts";

const TEMPLATE_CPU_MILLI = parseCpuMilli(TEMPLATE.cpu);
/** As much as keeps the proxy busier than any profile says, each with some thousand requests per second. */
const LOADS = 5;
/** The manifests' own. */
const USAGE_PORT = 9093;
const OPERATIONS_PORT = 9091;

export function usageCases(cluster: () => NodeCluster): void {
  let loads: readonly SteadyLoad[] = [];
  after(() => Promise.all(loads.map((load) => load.stop())));

  test("a DaemonSet that nobody described has a recommendation, and keeps its size until it may be resized", async (t) => {
    await cluster().until(() => isMeasured(cluster(), LOGGING), "usage of the agent");
    const recommended = async (): Promise<string | undefined> =>
      (await agent(cluster())).pod.metadata.annotations?.[RECOMMENDATION_ANNOTATION];
    await cluster().until(async () => (await recommended()) !== undefined, "a recommendation");
    const { view } = await agent(cluster());
    t.diagnostic(`${metricsServerVersion()}; template ${text(TEMPLATE)}, recommended ${await recommended()}`);
    assert.equal(view.requests.cpuMilli, TEMPLATE_CPU_MILLI);
  });

  test("it is sized in place by what it uses, and grows and shrinks as pods of its node give it work", async (t) => {
    const first = await agent(cluster());
    await setUpdateMode(cluster(), "InPlace");
    const quiet = await agentOf(cluster(), (cpuMilli) => cpuMilli < TEMPLATE_CPU_MILLI);
    sayChange(t, first, quiet);
    const startedMs = performance.now();
    await talk(cluster(), 1);
    const busy = await agentOf(cluster(), (cpuMilli) => cpuMilli > TEMPLATE_CPU_MILLI);
    t.diagnostic(`grown ${secondsSince(startedMs)} s after a pod began to write`);
    sayChange(t, quiet, busy);
    assert.ok(busy.group.cpuShares > first.group.cpuShares);
    const silentMs = performance.now();
    await talk(cluster(), 0);
    const last = await agentOf(cluster(), (cpuMilli) => cpuMilli < TEMPLATE_CPU_MILLI);
    t.diagnostic(`given back ${secondsSince(silentMs)} s after the pod was told to go`);
    sayChange(t, busy, last);
    assertSameProcesses(first, last);
  });

  test("load on an instance makes the proxy grow in place by its measured usage", async (t) => {
    await believeUsage(cluster(), 5);
    const before = await settled(cluster());
    const url = await urlOf(cluster(), "web");
    const [startedMs, cpuBefore] = [performance.now(), await cpuSeconds()];
    loads = Array.from({ length: LOADS }, () => new SteadyLoad(url));
    const after = await grown(cluster(), before);
    const elapsed = secondsSince(startedMs);
    const cpuMilli = Math.round((1000 * ((await cpuSeconds()) - cpuBefore)) / Number(elapsed));
    t.diagnostic(`grown ${elapsed} s after the load began; ${cpuMilli}m used meanwhile`);
    sayChange(t, before, after);
    assertSameProcesses(before, after);
    assert.ok(after.group.cpuShares > before.group.cpuShares);
    assert.equal(await lastReason(cluster()), "loadRose");
  });

  test("what the load took is given back when it ends", async (t) => {
    const before = await nodeProxy(cluster());
    const endedMs = performance.now();
    for (const load of loads) assert.equal((await load.stop()).failed, 0);
    const after = await shrunk(cluster(), before);
    t.diagnostic(`given back ${secondsSince(endedMs)} s after the load ended`);
    sayChange(t, before, after);
    assertSameProcesses(before, after);
    // The cases that follow are about what is planned again.
    await believeUsage(cluster(), 3_600);
  });
}

/** From here on what proxies use counts so soon after a change; of a flag that is given twice the last counts. */
async function believeUsage(cluster: NodeCluster, seconds: number): Promise<void> {
  const value = `--usage-warm-up-seconds=${seconds}`;
  const args = JSON.stringify([{ op: "add", path: "/spec/template/spec/containers/0/args/-", value }]);
  const deployment = "deployment/berth-vpa-recommender";
  await cluster.kubectl("-n", SYSTEM_NAMESPACE, "patch", deployment, "--type=json", `--patch=${args}`);
  await cluster.kubectl("-n", SYSTEM_NAMESPACE, "rollout", "status", deployment, "--timeout=60s");
}

function agent(cluster: NodeCluster): Promise<NodeProxy> {
  return onlyPod(cluster, { namespace: LOGGING, labelSelector: `app.kubernetes.io/name=${LOG_AGENT}` });
}

/** The agent, once the kernel has a size of it that is meant. */
async function agentOf(cluster: NodeCluster, isMeant: (cpuMilli: number) => boolean): Promise<NodeProxy> {
  await cluster.until(async () => {
    const pod = await agent(cluster);
    return isMeant(pod.view.requests.cpuMilli) && isActuated(pod);
  }, "the kernel to have the agent's new size");
  return agent(cluster);
}

/** Of the proxy's process, as it tells the recommender. */
async function cpuSeconds(): Promise<number> {
  const usage = await answerOf(`http://${NODE_ADDRESS}:${USAGE_PORT}/v1/usage`);
  return (JSON.parse(usage ?? "{}") as { cpuSeconds: number }).cpuSeconds;
}

/** Why the recommender resized the node's proxy last. */
async function lastReason(cluster: NodeCluster): Promise<string | undefined> {
  const [recommender] = await cluster.pods(SYSTEM_NAMESPACE, {
    labelSelector: "app.kubernetes.io/name=berth-vpa-recommender",
  });
  const address = `http://${recommender?.status.podIP}:${OPERATIONS_PORT}`;
  const answer = await answerOf(`${address}/recommendations/${KUBELET_NODE}`);
  const { proxy } = JSON.parse(answer ?? "{}") as { proxy?: { lastChange?: { reason: string } } };
  return proxy?.lastChange?.reason;
}

function secondsSince(ms: number): string {
  return ((performance.now() - ms) / 1000).toFixed(1);
}

function text({ cpu, memory }: typeof TEMPLATE): string {
  return `${cpu} and ${memory}`;
}
