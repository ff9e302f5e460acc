// From an empty node to Berth's containers and the first request that crosses the mesh.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { KUBELET_NODE } from "#test/e2e/control-plane.ts";
import { fillerPod, SHOP } from "./example-pods.ts";
import { answerOf, inboundPort, removePod, startApp } from "./mesh-apps.ts";
import { installLogAgent, LOG_AGENT, LOGGING } from "./log-agent.ts";
import { NODE_ADDRESS } from "./machine-namespace.ts";
import { installMetricsServer } from "./metrics-server.ts";
import { type NodeCluster, SYSTEM_NAMESPACE } from "./node-cluster.ts";
import { isReady } from "./pod.ts";

const OVERLAY = fileURLToPath(new URL("overlay", import.meta.url));
const PARTS = [
  "deployment/berth-scheduler-extender",
  "deployment/berth-vpa-recommender",
  "daemonset/berth-proxy",
];
/** The extender has two replicas. */
const PODS_COUNT = PARTS.length + 1;

export function installCases(cluster: () => NodeCluster, metricsServer: string): void {
  test("the node runs a pod on its own network and one on the bridge", async () => {
    const onBridge = fillerPod({ name: "on-bridge" }) as { spec: object };
    const onHost = { ...fillerPod({ name: "on-host" }), spec: { ...onBridge.spec, hostNetwork: true } };
    const path = resourcePath({ ...PODS, namespace: "default" });
    for (const pod of [onBridge, onHost]) await cluster().connection.create(path, pod);
    await cluster().until(async () => (await cluster().pods("default")).every(isReady), "both pods to run");
    const addresses = (await cluster().pods("default")).map(({ status }) => status.podIP);
    assert.equal(addresses.filter((address) => address === NODE_ADDRESS).length, 1);
    for (const name of ["on-bridge", "on-host"]) await removePod(cluster(), name, "default");
  });

  test("kubectl apply -k: extender, recommender and proxy run as containers, as the manifests limit them", async (t) => {
    const startedMs = performance.now();
    await cluster().kubectl("apply", "-k", OVERLAY);
    for (const part of PARTS)
      await cluster().kubectl("-n", SYSTEM_NAMESPACE, "rollout", "status", part, "--timeout=120s");
    t.diagnostic(
      `all ready ${((performance.now() - startedMs) / 1000).toFixed(1)} s after the manifests were applied`,
    );
    const pods = await cluster().pods(SYSTEM_NAMESPACE);
    assert.equal(pods.length, PODS_COUNT);
    for (const { spec, status } of pods) {
      assert.equal(spec.nodeName, KUBELET_NODE);
      assert.deepEqual(
        status.containerStatuses?.map(({ restartCount }) => restartCount),
        [0],
      );
    }
    await cluster().wireScheduler();
  });

  test("a metrics-server and a DaemonSet that is not Berth's start beside it", async () => {
    await installMetricsServer(cluster(), metricsServer);
    await installLogAgent(cluster());
    await cluster().kubectl("-n", LOGGING, "rollout", "status", `daemonset/${LOG_AGENT}`, "--timeout=60s");
    // Its readings come in while the next cases run.
    await cluster().kubectl(
      "-n",
      "kube-system",
      "rollout",
      "status",
      "deployment/metrics-server",
      "--timeout=90s",
    );
  });

  test("a request crosses the mesh: from one app's pod through the node's proxy to another app's pod", async () => {
    await cluster().connection.create("/api/v1/namespaces", {
      metadata: { name: SHOP, labels: { "berth.dev/mesh": "enabled" } },
    });
    const web = await startApp(cluster(), "web");
    await startApp(cluster(), "cart");
    const pod = (await cluster().pods(SHOP)).find(({ metadata }) => metadata.name === "web-0");
    assert.ok(pod?.metadata.annotations?.["berth.dev/injected"] !== undefined, "the webhook has injected it");
    const before = await requestsOut(cluster(), "web");
    const cart = `http://${NODE_ADDRESS}:${await inboundPort(cluster(), "cart")}/`;
    assert.equal(await answerOf(`${web}/call?url=${encodeURIComponent(cart)}`), "web-0 < cart-0");
    assert.equal((await requestsOut(cluster(), "web")) - before, 1, "the call left through the proxy");
  });

  test("the extender has placed the app's pods: kube-scheduler asked it", async () => {
    const [extender] = await cluster().pods(SYSTEM_NAMESPACE, {
      labelSelector: "berth.dev/leader-of=berth-scheduler-extender",
    });
    const metrics = await answerOf(`http://${extender?.status.podIP}:9090/metrics`);
    const asked = /^berth_extender_decisions_total\{[^}]*\} ([1-9]\d*)$/m.exec(metrics ?? "");
    assert.ok(asked !== null, "at least one decision");
  });
}

// The proxy's metrics are served on the node's own loopback.
async function requestsOut({ node }: NodeCluster, app: string): Promise<number> {
  const metrics = await node.machine.run(process.execPath, "--eval", READ_METRICS);
  const series = `berth_proxy_requests_total{app="${SHOP}/${app}",direction="outbound"} `;
  const line = metrics.split("\n").find((candidate) => candidate.startsWith(series));
  return Number(line?.slice(series.length) ?? "0");
}

const READ_METRICS =
  'fetch("http://127.0.0.1:9092/metrics").then((answer) => answer.text()).then((text) => process.stdout.write(text))';
