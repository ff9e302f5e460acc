// The pods whose scheduling is measured: apps of several pods each, every app a ReplicaSet, created in an order in which
// the pods of a few apps mingle, as where several Deployments scale out at a time.

import type { KubeConnection } from "#kube/connection.ts";
import { PODS, REPLICA_SETS, resourcePath } from "#kube/resource-path.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { eachOf, NAMESPACE } from "./scheduler-bed.ts";

const PODS_PER_APP = 8;
const APPS_AT_A_TIME = 8;
const SEED = 1;

/** Whose pods these are: those that are measured, or those before, after which all programs have done it all once. */
export type Workload = "measured" | "warmUp";

export function appsOf(podCount: number, workload: Workload): readonly string[] {
  const prefix = workload === "measured" ? "app" : "warm";
  return Array.from({ length: Math.ceil(podCount / PODS_PER_APP) }, (_, index) => `${prefix}-${index}`);
}

/** App and name of each pod, in the order of creation. */
export interface BenchPod {
  readonly app: string;
  readonly name: string;
}

export function podsInOrder(podCount: number, workload: Workload): readonly BenchPod[] {
  const random = new SeededRandom(SEED);
  const pods: BenchPod[] = [];
  const apps = appsOf(podCount, workload);
  for (let from = 0; from < apps.length; from += APPS_AT_A_TIME) {
    const block = apps
      .slice(from, from + APPS_AT_A_TIME)
      .flatMap((app) =>
        Array.from({ length: PODS_PER_APP }, (_, index) => ({ app, name: `${app}-${index}` })),
      );
    for (let left = block.length; left > 0; left--) {
      pods.push(...block.splice(random.integer(left), 1));
    }
  }
  return pods.slice(0, podCount);
}

/** Uid of each app's ReplicaSet; no controller acts on them. */
export async function createOwners(
  connection: KubeConnection,
  apps: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const uids = new Map<string, string>();
  await eachOf(apps, async (app) => {
    const path = resourcePath({ ...REPLICA_SETS, namespace: NAMESPACE });
    const labels = { [APP_LABEL]: app };
    const template = { metadata: { labels }, spec: podSpec() };
    const spec = { replicas: PODS_PER_APP, selector: { matchLabels: labels }, template };
    const { metadata } = (await connection.create(path, { metadata: { name: app }, spec })) as {
      metadata: { uid: string };
    };
    uids.set(app, metadata.uid);
  });
  return uids;
}

export async function createPod(
  connection: KubeConnection,
  { app, name }: BenchPod,
  ownerUid: string,
): Promise<void> {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: app, uid: ownerUid, controller: true };
  await connection.create(resourcePath({ ...PODS, namespace: NAMESPACE }), {
    metadata: {
      name,
      labels: { [APP_LABEL]: app, [MESH_LABEL]: MESH_ENABLED },
      ownerReferences: [owner],
    },
    spec: podSpec(),
  });
}

/** Everything of the last run goes, the pods at once. */
export async function deleteWorkload(connection: KubeConnection): Promise<void> {
  for (const kind of [PODS, REPLICA_SETS]) {
    const path = resourcePath({ ...kind, namespace: NAMESPACE });
    const options = { gracePeriodSeconds: 0, propagationPolicy: "Background" };
    await connection.request({ method: "DELETE", path, body: options, timeoutMs: DELETE_MS_MAX });
  }
}

const DELETE_MS_MAX = 120_000;

function podSpec(): object {
  return {
    containers: [{ name: "app", image: "app", resources: { requests: { cpu: "250m", memory: "512Mi" } } }],
  };
}
