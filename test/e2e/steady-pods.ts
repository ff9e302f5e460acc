// Pods of one app of the mesh, created one after the other at a steady rate, and what became of each: the webhook's
// failurePolicy hides its failures, but not that a pod went without what it puts in.

import { setTimeout } from "node:timers/promises";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import type { TestCluster } from "./test-cluster.ts";

/** Five a second: the extender is asked all the time, and half a thousand of these pods fit the nodes. */
const EVERY_MS = 200;
const INJECTED = "berth.dev/injected";

export interface SteadyPods {
  readonly created: number;
  /** Those that came back from the API server without the webhook's changes, and why creations failed. */
  readonly withoutInjection: readonly string[];
  readonly failed: readonly string[];
}

interface CreatedPod {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

export async function createSteadily(
  { connection }: TestCluster,
  namespace: string,
  during: () => Promise<void>,
): Promise<SteadyPods> {
  let created = 0;
  const over = new AbortController();
  const withoutInjection: string[] = [];
  const failed: string[] = [];
  const creating = (async () => {
    for (; !over.signal.aborted; created++) {
      try {
        const pod = (await connection.create(
          resourcePath({ ...PODS, namespace }),
          aPod(`steady-${created}`),
        )) as CreatedPod;
        if (pod.metadata.annotations?.[INJECTED] !== "true") withoutInjection.push(pod.metadata.name);
      } catch (error) {
        failed.push((error as Error).message);
      }
      await setTimeout(EVERY_MS);
    }
  })();
  try {
    await during();
  } finally {
    over.abort();
    await creating;
  }
  return { created, withoutInjection, failed };
}

/** How many of the namespace's pods have a node. */
export async function boundPods(cluster: TestCluster, namespace: string): Promise<number> {
  return (await cluster.pods(namespace)).map(decodePod).filter(({ nodeName }) => nodeName !== undefined)
    .length;
}

/** What kube-scheduler said of pods that it could not place, each text once. */
export async function schedulingFailures(
  { connection }: TestCluster,
  namespace: string,
): Promise<readonly string[]> {
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
  const { items } = (await connection.get(path)) as {
    readonly items: readonly { readonly reason: string; readonly note: string }[];
  };
  return [...new Set(items.filter(({ reason }) => reason === "FailedScheduling").map(({ note }) => note))];
}

export function aPod(name: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: "steady" } },
    spec: {
      containers: [
        { name: "app", image: "example", resources: { requests: { cpu: "10m", memory: "16Mi" } } },
      ],
    },
  };
}
