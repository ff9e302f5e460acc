// Node-level discovery on the real control plane: beside what Kubernetes writes per pod, one entry per node that hosts the
// app, and writes only where a node comes, goes or changes.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeSlice } from "#model/node-slice.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { decodeNodeSlice, SERVICE_LABEL } from "#kube/node-slice.ts";
import { ENDPOINT_SLICES, resourcePath } from "#kube/resource-path.ts";
import { extenderRolledOut } from "./extender-replicas.ts";
import { APP_NAMESPACE, deployment } from "./install-cases.ts";
import { POOL } from "./placement-cases.ts";
import type { TestCluster } from "./test-cluster.ts";

const APP = "found";
const PODS = 6;

export function discoveryCases(cluster: () => TestCluster): void {
  test("a Service of a mesh app gets one entry per node that hosts the app, at the app's inbound port", async (t) => {
    await cluster().apply(service(80));
    await cluster().apply(app(PODS));
    await cluster().until(async () => (await readyPods(cluster())) === PODS, "the app's pods to be ready");
    await cluster().until(async () => (await entries(cluster())).length > 0, "the app's slice");
    const nodes = await hostingNodes(cluster());
    await cluster().until(async () => (await entries(cluster())).length === nodes.length, "every node");
    const [slice] = await nodeSlices(cluster());
    assert.deepEqual(slice?.entries.map(({ node }) => node).sort(), nodes);
    assert.ok(
      slice?.entries.every(({ state, address }) => state === "ready" && address.startsWith("10.200.")),
    );
    const profile = (await cluster().connection.get(
      `/apis/berth.dev/v1alpha1/namespaces/${APP_NAMESPACE}/meshprofiles/${APP}`,
    )) as { readonly status?: { readonly ports?: { readonly inbound: number } } };
    assert.equal(slice?.inboundPort, profile.status?.ports?.inbound);
    t.diagnostic(`${nodes.length} entries by node, ${await podEntries(cluster())} by pod`);
  });

  test("more pods on the same nodes, and a new leader, change no slice", async (t) => {
    const before = await versions(cluster());
    await cluster().apply(app(PODS + 2));
    await cluster().until(async () => (await readyPods(cluster())) === PODS + 2, "two more pods");
    const nodes = await hostingNodes(cluster());
    await cluster().kubectl(
      "-n",
      "berth-system",
      "rollout",
      "restart",
      "deployment/berth-scheduler-extender",
    );
    await extenderRolledOut(cluster());
    if (nodes.length > (await entries(cluster())).length) {
      // Two more pods than the app's node had room for: their node is news.
      await cluster().until(async () => (await entries(cluster())).length === nodes.length, "their node");
      return t.diagnostic("the new pods opened a node");
    }
    assert.deepEqual(await versions(cluster()), before);
  });

  test("a Service's new port is written into its slice, and an app that is gone leaves none", async () => {
    await cluster().apply(service(8000));
    await cluster().until(async () => {
      const [slice] = await nodeSlices(cluster());
      return String(slice?.servicePorts) === "8000";
    }, "the new port");
    await cluster().apply(app(0));
    await cluster().until(async () => (await nodeSlices(cluster())).length === 0, "the slice to go");
    await cluster().kubectl("-n", APP_NAMESPACE, "delete", `service/${APP}`, `deployment/${APP}`);
  });
}

function app(replicas: number): object {
  return deployment(APP, { replicas, pool: POOL, annotations: { "berth.dev/app-port": "8080" } });
}

function service(port: number): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: APP, namespace: APP_NAMESPACE },
    spec: { selector: { "berth.dev/app": APP }, ports: [{ port, targetPort: 8080 }] },
  };
}

interface SliceList {
  readonly items: readonly {
    readonly metadata: { readonly resourceVersion: string };
    readonly endpoints?: readonly unknown[] | null;
  }[];
}

async function slicesWith(cluster: TestCluster, labelSelector: string): Promise<SliceList["items"]> {
  const path = resourcePath({ ...ENDPOINT_SLICES, namespace: APP_NAMESPACE });
  return ((await cluster.connection.get(path, { labelSelector })) as SliceList).items;
}

async function nodeSlices(cluster: TestCluster): Promise<readonly NodeSlice[]> {
  return (await slicesWith(cluster, `${SERVICE_LABEL}=${APP}`)).map(decodeNodeSlice);
}

async function entries(cluster: TestCluster): Promise<NodeSlice["entries"]> {
  return (await nodeSlices(cluster)).flatMap((slice) => slice.entries);
}

async function versions(cluster: TestCluster): Promise<readonly string[]> {
  const items = await slicesWith(cluster, `${SERVICE_LABEL}=${APP}`);
  return items.map(({ metadata }) => metadata.resourceVersion);
}

async function podEntries(cluster: TestCluster): Promise<number> {
  const items = await slicesWith(cluster, `kubernetes.io/service-name=${APP}`);
  return items.reduce((sum, { endpoints }) => sum + (endpoints?.length ?? 0), 0);
}

async function readyPods(cluster: TestCluster): Promise<number> {
  const pods = await cluster.pods(APP_NAMESPACE, { labelSelector: `berth.dev/app=${APP}` });
  return pods.map(decodePod).filter(({ isReady }) => isReady === true).length;
}

async function hostingNodes(cluster: TestCluster): Promise<readonly string[]> {
  const pods = await cluster.pods(APP_NAMESPACE, { labelSelector: `berth.dev/app=${APP}` });
  return [...new Set(pods.map(decodePod).flatMap(({ nodeName }) => nodeName ?? []))].sort();
}
