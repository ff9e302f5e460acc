// Example apps in the mesh of the node: from the pod to its first answer through the proxy.

import { get } from "node:http";
import { text } from "node:stream/consumers";
import { MESH_PROFILES, PODS, resourcePath } from "#kube/resource-path.ts";
import { examplePod, type ExamplePodOptions, SHOP } from "./example-pods.ts";
import { NODE_ADDRESS } from "./machine-namespace.ts";
import type { NodeCluster } from "./node-cluster.ts";

/** An app's inbound port on every node; undefined while it has none. */
export async function inboundPort({ connection }: NodeCluster, app: string): Promise<number | undefined> {
  const path = resourcePath({ ...MESH_PROFILES, namespace: SHOP, name: app });
  try {
    const profile = (await connection.get(path)) as { status?: { ports?: { inbound: number } } };
    return profile.status?.ports?.inbound;
  } catch {
    // The profile is made with the app's first pod; a caller that waits for it says what it waited for.
    return undefined;
  }
}

/** Creates an app's pod and resolves with the app's address in the mesh once that pod answers there. */
export async function startApp(
  cluster: NodeCluster,
  app: string,
  { name = `${app}-0`, ...pod }: Partial<Pick<ExamplePodOptions, "name" | "program">> = {},
): Promise<string> {
  await cluster.connection.create(
    resourcePath({ ...PODS, namespace: SHOP }),
    examplePod({ name, app, ...pod }),
  );
  let url = "";
  await cluster.until(async () => {
    const port = await inboundPort(cluster, app);
    if (port === undefined) return false;
    url = `http://${NODE_ADDRESS}:${port}`;
    return (await answerOf(url)) === name;
  }, `${name} to answer through the proxy`);
  return url;
}

export async function removePod({ connection }: NodeCluster, name: string, namespace = SHOP): Promise<void> {
  await connection.delete(resourcePath({ ...PODS, namespace, name }), {});
}

/** The body of a good answer; undefined for any other, and where nobody listens. */
export function answerOf(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = get(url, { agent: false, timeout: ANSWER_MS_MAX }, (answer) => {
      text(answer).then(
        (body) => resolve(answer.statusCode === 200 ? body : undefined),
        () => resolve(undefined),
      );
    });
    call.once("timeout", () => call.destroy());
    call.once("error", () => resolve(undefined));
  });
}

const ANSWER_MS_MAX = 5_000;
