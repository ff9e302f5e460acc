// What moves the recommender besides pods: measured usage, and a kubelet that has no room at the moment.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { decodePod } from "#kube/decode-pod.ts";
import { decodeNodeProxyAutoscaler, TARGET_FOUND } from "#kube/node-proxy-autoscaler-schema.ts";
import { NODE_PROXY_AUTOSCALERS, PODS, resourcePath } from "#kube/resource-path.ts";
import { PROXY_LABEL } from "#model/app.ts";
import { CORRECTION_ANNOTATION } from "#model/correction.ts";
import { APP_NAMESPACE } from "./install-cases.ts";
import { MetricsApi } from "./metrics-api.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import { LOCAL_NODE, type TestCluster } from "./test-cluster.ts";

/** Busy proxies use less than the model says, so that the correction is below 1 and no node runs short. */
const USED_SHARE = 0.6;

export function sizingCases(cluster: () => TestCluster): void {
  let metrics: MetricsApi | undefined;
  after(() => metrics?.close());

  test("usage read through the aggregation layer becomes a correction on the busy proxies' pods", async () => {
    metrics = await MetricsApi.serve(cluster(), ({ cpuMilli, memoryBytes }) => ({
      cpuMilli: cpuMilli * USED_SHARE,
      memoryBytes: memoryBytes * USED_SHARE,
    }));
    const meshPods = (await cluster().pods(APP_NAMESPACE))
      .map(decodePod)
      .filter(({ app }) => app !== undefined);
    const busy = new Set(meshPods.map(({ nodeName }) => nodeName));
    const uncorrected = async (): Promise<number> =>
      (await proxies(cluster())).filter(
        ({ metadata, spec }) =>
          busy.has(spec.nodeName as never) && metadata.annotations?.[CORRECTION_ANNOTATION] === undefined,
      ).length;
    await cluster().until(async () => (await uncorrected()) === 0, "a correction on every busy node");
  });

  test("an autoscaler of the proxies' DaemonSet says how they stand", async () => {
    const { connection } = cluster();
    const collection = resourcePath({ ...NODE_PROXY_AUTOSCALERS, namespace: SYSTEM_NAMESPACE });
    await connection.create(collection, {
      apiVersion: "berth.dev/v1alpha1",
      kind: "NodeProxyAutoscaler",
      metadata: { name: "proxies" },
      spec: { targetRef: { apiVersion: "apps/v1", kind: "DaemonSet", name: "berth-proxy" } },
    });
    const found = async (): Promise<boolean> => {
      const { status } = decodeNodeProxyAutoscaler(await connection.get(`${collection}/proxies`));
      const condition = status.conditions?.find(({ type }) => type === TARGET_FOUND);
      return condition?.status === "True" && (status.pods ?? 0) > 0;
    };
    await cluster().until(found, "a status that counts the proxies");
  });

  test("a kubelet that defers a resize twice is one Event that counts two", async () => {
    const proxy = (await proxies(cluster())).find(({ spec }) => spec.nodeName === LOCAL_NODE);
    assert.ok(proxy !== undefined);
    const { name, uid } = proxy.metadata;
    const path = resourcePath({ ...PODS, namespace: SYSTEM_NAMESPACE, name, subresource: "status" });
    const say = (status: "True" | "False"): Promise<unknown> => {
      const condition = { type: "PodResizePending", status, reason: "Deferred", message: "no room" };
      return cluster().connection.patch(path, { status: { conditions: [condition] } }, { type: "strategic" });
    };
    const counted = async (): Promise<number> => {
      const { items } = (await cluster().connection.get(`/api/v1/namespaces/${SYSTEM_NAMESPACE}/events`, {
        fieldSelector: `involvedObject.uid=${uid},reason=ProxyResizeDeferred`,
      })) as { items: readonly { count?: number }[] };
      assert.ok(items.length <= 1, "a repetition is no second Event");
      return items[0]?.count ?? 0;
    };
    await say("True");
    await cluster().until(async () => (await counted()) === 1, "an Event on the proxy's pod");
    await cluster().connection.patch(
      path,
      { status: { conditions: [{ type: "PodResizePending", $patch: "delete" }] } },
      { type: "strategic" },
    );
    await say("True");
    await cluster().until(async () => (await counted()) === 2, "the Event's count");
  });
}

interface ProxyPod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly nodeName?: string };
}

async function proxies(cluster: TestCluster): Promise<readonly ProxyPod[]> {
  return (await cluster.pods(SYSTEM_NAMESPACE, { labelSelector: PROXY_LABEL })) as readonly ProxyPod[];
}
