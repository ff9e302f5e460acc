// From an empty cluster to the first mesh pod, as an operator goes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePod } from "#kube/decode-pod.ts";
import { PROXY_LABEL } from "#model/app.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import { BASE, type TestCluster } from "./test-cluster.ts";

export const APP_NAMESPACE = "shop";
/** kubectl replaces a budget's selector as a whole, and calls it configured by the very same one. */
const BUDGET = "poddisruptionbudget.policy/berth-scheduler-extender";

export function installCases(cluster: () => TestCluster): void {
  test("kubectl apply -k manifests/base, kube-scheduler's new configuration, and the first mesh pod is placed and its proxy grown", async (t) => {
    const { connection } = cluster();
    const startedMs = performance.now();
    const lap = (what: string): void =>
      t.diagnostic(`${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${what}`);
    await cluster().kubectl("apply", "-k", BASE);
    lap("applied");
    await rolledOut(cluster());
    lap("the extender, the recommender and every node's proxy are ready");
    await cluster().wireScheduler();
    lap("kube-scheduler runs with the extender");
    await connection.create("/api/v1/namespaces", {
      metadata: { name: APP_NAMESPACE, labels: { "berth.dev/mesh": "enabled" } },
    });
    await cluster().apply(deployment("first", { replicas: 1 }));
    await cluster().until(async () => {
      const [pod] = (await cluster().pods(APP_NAMESPACE)).map(decodePod);
      if (pod?.nodeName === undefined) return false;
      return (await proxyMemoryBytes(cluster(), pod.nodeName)) > TEMPLATE_MEMORY_BYTES;
    }, "the first mesh pod and its node's proxy");
    lap("the first mesh pod is placed and its node's proxy resized");
    const [first] = cluster().recorder.exchanges();
    assert.deepEqual([first?.verb, first?.status], ["filter", 200]);
  });

  test("applying the manifests once more changes nothing", async () => {
    const generation = () =>
      cluster().kubectl("-n", SYSTEM_NAMESPACE, "get", BUDGET, "-o", "jsonpath={.metadata.generation}");
    const before = await generation();
    assert.deepEqual(changedBy(await cluster().kubectl("apply", "-k", BASE)), []);
    assert.equal(await generation(), before);
  });
}

/** The lines of what `kubectl apply` prints about objects that it changed. */
export function changedBy(output: string): readonly string[] {
  return output
    .split("\n")
    .filter((line) => line !== "" && !line.endsWith(" unchanged"))
    .filter((line) => line !== `${BUDGET} configured`);
}

export const TEMPLATE_MEMORY_BYTES = 176 * 1024 ** 2;

/** What the node's proxy requests now. */
export async function proxyMemoryBytes(cluster: TestCluster, nodeName: string): Promise<number> {
  const proxies = (await cluster.pods(SYSTEM_NAMESPACE, { labelSelector: PROXY_LABEL })).map(decodePod);
  return proxies.find((proxy) => proxy.nodeName === nodeName)?.request.memoryBytes ?? 0;
}

async function rolledOut(cluster: TestCluster): Promise<void> {
  const parts = [
    "deployment/berth-scheduler-extender",
    "deployment/berth-vpa-recommender",
    "daemonset/berth-proxy",
  ];
  await Promise.all(
    parts.map((part) => cluster.kubectl("-n", SYSTEM_NAMESPACE, "rollout", "status", part, "--timeout=180s")),
  );
}

export interface DeploymentOptions {
  readonly replicas: number;
  readonly cpu?: string;
  readonly memory?: string;
  /** Only nodes of this pool, whose taint the pods tolerate. */
  readonly pool?: readonly [key: string, value: string];
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly priorityClassName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Deployment of one app in the mesh's namespace. */
export function deployment(
  app: string,
  {
    replicas,
    cpu = "250m",
    memory = "256Mi",
    labels = {},
    annotations = {},
    pool,
    ...pod
  }: DeploymentOptions,
): object {
  const podLabels = { "berth.dev/app": app, ...labels };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: app, namespace: APP_NAMESPACE },
    spec: {
      replicas,
      selector: { matchLabels: { "berth.dev/app": app } },
      template: {
        metadata: { labels: podLabels, annotations },
        spec: {
          ...pod,
          ...(pool === undefined
            ? {}
            : { nodeSelector: { [pool[0]]: pool[1] }, tolerations: [{ key: pool[0], operator: "Exists" }] }),
          containers: [{ name: "app", image: "example", resources: { requests: { cpu, memory } } }],
        },
      },
    },
  };
}
