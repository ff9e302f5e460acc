// Pods of other owners than Deployments, and of a rollout: kube-scheduler is told of no siblings, the extender knows them
// by their owner, and leads them to one node.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { decodePod } from "#kube/decode-pod.ts";
import { APP_NAMESPACE, deployment } from "./install-cases.ts";
import type { TestCluster } from "./test-cluster.ts";

const PODS = 6;

/** kubectl restarts a rollout once a second at most: the annotation it writes counts in seconds. */
const RESTART_MS_MIN = 1_100;

export function ownerCases(cluster: () => TestCluster): void {
  test("a StatefulSet's pods, which come one after the other, come together on one node", async () => {
    await cluster().apply({
      ...owner("apps/v1", "StatefulSet", "ordered"),
      spec: { serviceName: "ordered", replicas: PODS, ...selectorAndTemplate("ordered") },
    });
    await cluster().until(
      async () => (await bound(cluster(), "ordered")).length === PODS,
      "every pod to be bound",
    );
    assert.equal(new Set(await bound(cluster(), "ordered")).size, 1);
  });

  test("a Job's pods come together on one node", async () => {
    const { template } = selectorAndTemplate("batch");
    await cluster().apply({
      ...owner("batch/v1", "Job", "batch"),
      spec: {
        parallelism: PODS,
        completions: PODS,
        template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } },
      },
    });
    await cluster().until(
      async () => (await bound(cluster(), "batch")).length === PODS,
      "every pod to be bound",
    );
    assert.equal(new Set(await bound(cluster(), "batch")).size, 1);
  });

  test("a rollout leaves an app's pods together", async (t) => {
    await cluster().apply(deployment("rolled", { replicas: PODS }));
    await cluster().kubectl("-n", APP_NAMESPACE, "rollout", "status", "deployment/rolled", "--timeout=180s");
    assert.equal(new Set(await bound(cluster(), "rolled")).size, 1);
    for (let times = 0; times < 3; times++) {
      await setTimeout(RESTART_MS_MIN);
      await cluster().kubectl("-n", APP_NAMESPACE, "rollout", "restart", "deployment/rolled");
      await cluster().kubectl(
        "-n",
        APP_NAMESPACE,
        "rollout",
        "status",
        "deployment/rolled",
        "--timeout=180s",
      );
      await cluster().until(
        async () => (await bound(cluster(), "rolled")).length === PODS,
        "the old pods to be gone",
      );
      const nodes = new Set(await bound(cluster(), "rolled"));
      t.diagnostic(`${PODS} pods on ${nodes.size} nodes`);
      assert.equal(nodes.size, 1);
    }
    await cluster().kubectl(
      "-n",
      APP_NAMESPACE,
      "delete",
      "statefulset/ordered",
      "job/batch",
      "deployment/rolled",
    );
  });
}

function owner(apiVersion: string, kind: string, name: string): object {
  return { apiVersion, kind, metadata: { name, namespace: APP_NAMESPACE } };
}

function selectorAndTemplate(app: string) {
  const labels = { "berth.dev/app": app };
  const containers = [
    { name: "app", image: "example", resources: { requests: { cpu: "250m", memory: "256Mi" } } },
  ];
  return { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } };
}

async function bound(cluster: TestCluster, app: string): Promise<readonly string[]> {
  const pods = await cluster.pods(APP_NAMESPACE, { labelSelector: `berth.dev/app=${app}` });
  return pods.map(decodePod).flatMap(({ nodeName }) => nodeName ?? []);
}
