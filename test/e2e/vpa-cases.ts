// Berth as the alternative recommender of VerticalPodAutoscalers: on the real API server, with a DaemonSet that runs, measured
// through the aggregation layer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  resourcePath,
  VERTICAL_POD_AUTOSCALER_CHECKPOINTS,
  VERTICAL_POD_AUTOSCALERS,
} from "#kube/resource-path.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import type { TestCluster } from "./test-cluster.ts";
import { VPA_DEFINITIONS } from "./vpa-definitions.ts";

const namespace = SYSTEM_NAMESPACE;
const NAME = "proxies";
const SCALED_KINDS = fileURLToPath(
  new URL("../../manifests/components/scaled-kinds/rbac.yaml", import.meta.url),
);

export function vpaCases(cluster: () => TestCluster): void {
  test("a VerticalPodAutoscaler that names Berth gets a recommendation, once such objects are served", async () => {
    for (const definition of VPA_DEFINITIONS) await cluster().apply(definition);
    await cluster().until(() => isServed(cluster()), "VerticalPodAutoscalers to be served");
    await create(cluster(), NAME, { kind: "DaemonSet", name: "berth-proxy" });
    await cluster().until(
      async () => (await statusOf(cluster(), NAME)).recommendation !== undefined,
      "a recommendation",
    );
    const { recommendation, conditions } = await statusOf(cluster(), NAME);
    const [only, ...others] = recommendation?.containerRecommendations ?? [];
    assert.deepEqual([only?.containerName, others], ["proxy", []]);
    for (const kind of ["target", "lowerBound", "upperBound", "uncappedTarget"] as const)
      assert.deepEqual(Object.keys(only?.[kind] ?? {}).sort(), ["cpu", "memory"], kind);
    assert.deepEqual(
      conditions?.map(({ type, status }) => `${type} ${status}`),
      ["RecommendationProvided True"],
    );
  });

  test("its history is a checkpoint of version v3, and survives the recommender's pod", async () => {
    await cluster().until(async () => (await checkpoint(cluster())) !== undefined, "a checkpoint");
    const before = await checkpoint(cluster());
    assert.equal(before?.version, "v3");
    await cluster().kubectl(
      "-n",
      namespace,
      "delete",
      "pod",
      "-l",
      "app.kubernetes.io/name=berth-vpa-recommender",
    );
    await cluster().until(async () => {
      const now = await checkpoint(cluster());
      return (now?.totalSamplesCount ?? 0) > (before?.totalSamplesCount ?? 0);
    }, "a checkpoint of the next recommender's");
    assert.equal((await checkpoint(cluster()))?.firstSampleStart, before?.firstSampleStart);
  });

  test("a kind that Berth does not know is followed by its scale", async () => {
    await cluster().kubectl("apply", "-f", SCALED_KINDS);
    const selector = { app: "replicated" };
    await cluster().connection.create(`/api/v1/namespaces/${namespace}/replicationcontrollers`, {
      metadata: { name: "replicated" },
      spec: {
        replicas: 0,
        selector,
        template: { metadata: { labels: selector }, spec: { containers: [{ name: "main", image: "none" }] } },
      },
    });
    await create(cluster(), "replicated", {
      apiVersion: "v1",
      kind: "ReplicationController",
      name: "replicated",
    });
    const conditions = async (): Promise<readonly string[]> =>
      ((await statusOf(cluster(), "replicated")).conditions ?? []).map(
        ({ type, status }) => `${type} ${status}`,
      );
    await cluster().until(async () => (await conditions()).length > 0, "conditions");
    assert.ok((await conditions()).includes("NoPodsMatched True"), String(await conditions()));
  });

  test("a VerticalPodAutoscaler whose target is not there says so", async () => {
    for (const kind of ["Deployment", "ReplicaSet", "StatefulSet"]) {
      const name = `missing-${kind.toLowerCase()}`;
      await create(cluster(), name, { kind, name: "nowhere" });
      const fault = async (): Promise<string | undefined> =>
        (await statusOf(cluster(), name)).conditions?.find(({ type }) => type === "ConfigUnsupported")
          ?.message;
      await cluster().until(async () => (await fault()) !== undefined, `a condition on ${name}`);
      assert.match((await fault()) ?? "", new RegExp(`no ${kind} nowhere`));
    }
  });
}

interface VpaStatus {
  readonly recommendation?: {
    readonly containerRecommendations?: readonly {
      readonly containerName: string;
      readonly target: object;
      readonly lowerBound: object;
      readonly upperBound: object;
      readonly uncappedTarget: object;
    }[];
  };
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly message?: string;
  }[];
}

interface CheckpointStatus {
  readonly version: string;
  readonly firstSampleStart: string;
  readonly totalSamplesCount: number;
}

async function isServed({ connection }: TestCluster): Promise<boolean> {
  try {
    await connection.get(resourcePath(VERTICAL_POD_AUTOSCALERS));
    await connection.get(resourcePath(VERTICAL_POD_AUTOSCALER_CHECKPOINTS));
    return true;
  } catch {
    // Not yet; whoever waits says what for.
    return false;
  }
}

async function create(
  { connection }: TestCluster,
  name: string,
  target: { readonly apiVersion?: string; readonly kind: string; readonly name: string },
): Promise<void> {
  await connection.create(resourcePath({ ...VERTICAL_POD_AUTOSCALERS, namespace }), {
    apiVersion: "autoscaling.k8s.io/v1",
    kind: "VerticalPodAutoscaler",
    metadata: { name },
    spec: { targetRef: { apiVersion: "apps/v1", ...target }, recommenders: [{ name: "berth" }] },
  });
}

async function statusOf({ connection }: TestCluster, name: string): Promise<VpaStatus> {
  const path = resourcePath({ ...VERTICAL_POD_AUTOSCALERS, namespace, name });
  const { status } = (await connection.get(path)) as { readonly status?: VpaStatus };
  return status ?? {};
}

async function checkpoint({ connection }: TestCluster): Promise<CheckpointStatus | undefined> {
  const path = resourcePath({ ...VERTICAL_POD_AUTOSCALER_CHECKPOINTS, namespace });
  const { items } = (await connection.get(path)) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string };
      readonly status: CheckpointStatus;
    }[];
  };
  return items.find(({ metadata }) => metadata.name === `${NAME}-proxy`)?.status;
}
