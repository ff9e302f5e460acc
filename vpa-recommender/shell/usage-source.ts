// What proxies use now, from metrics.k8s.io (metrics-server): one request for all of them.

import { z } from "zod";
import { PROXY_LABEL } from "#model/app.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import { addResources, noResources, type Resources } from "#model/resources.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { POD_METRICS, resourcePath } from "#kube/resource-path.ts";

export interface PodUsage {
  readonly namespace: string;
  readonly name: string;
  readonly used: Resources;
  /** When it was measured; undefined if the source does not say. */
  readonly timeMs: number | undefined;
}

// Keys that Berth does not read are the API's business.
const podMetricsList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string() }),
      timestamp: z.string().optional(),
      containers: z.array(z.object({ usage: z.object({ cpu: z.string(), memory: z.string() }) })),
    }),
  ),
});

/**
 * @throws OperationError if the metrics API is away; ZodError if it answers something else.
 */
export async function readProxyUsage(connection: KubeConnection): Promise<readonly PodUsage[]> {
  return readPodUsage(connection, { labelSelector: PROXY_LABEL });
}

/**
 * What the pods of a selector use, in one namespace or in all.
 *
 * @throws OperationError if the metrics API is away; ZodError if it answers something else.
 */
export async function readPodUsage(
  connection: Pick<KubeConnection, "get">,
  { labelSelector, namespace }: { readonly labelSelector: string; readonly namespace?: string },
): Promise<readonly PodUsage[]> {
  const body = await connection.get(resourcePath({ ...POD_METRICS, namespace }), { labelSelector });
  return podMetricsList.parse(body).items.map(({ metadata, timestamp, containers }) => ({
    namespace: metadata.namespace,
    name: metadata.name,
    used: containers
      .map(({ usage }) => usage)
      .map(usageOf)
      .reduce(addResources, noResources),
    timeMs: timestamp === undefined ? undefined : Date.parse(timestamp),
  }));
}

function usageOf({ cpu, memory }: { readonly cpu: string; readonly memory: string }): Resources {
  return { cpuMilli: parseCpuMilli(cpu), memoryBytes: parseMemoryBytes(memory) };
}
