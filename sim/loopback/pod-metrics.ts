// metrics.k8s.io: what pods use at the moment, as metrics-server answers it. Read-only; the figures come from a source
// that the composition root sets.

import { formatCpu, formatMemory } from "#model/quantity.ts";
import { ApiError, unknownResource } from "./api-error.ts";
import type { ApiAnswer } from "./api-request.ts";
import { objectOf, textOf } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { timestampText } from "./kube-object.ts";
import type { ObjectStore } from "./object-store.ts";
import { containersOf } from "./pod-resources.ts";
import { parseLabelSelector } from "./selector.ts";

export const METRICS_GROUP = "metrics.k8s.io";
export const METRICS_VERSION = "v1beta1";

/** What one pod uses now; attributed to its first container. */
export interface PodUsage {
  readonly namespace: string;
  readonly name: string;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

export interface MetricsContext {
  readonly store: ObjectStore;
  readonly usages: () => readonly PodUsage[];
  readonly nowMs: number;
}

/**
 * The answer to a path below `/apis/metrics.k8s.io/v1beta1/`; undefined for another path.
 *
 * @throws ApiError NotFound
 */
export function podMetrics(
  context: MetricsContext,
  path: string,
  query: URLSearchParams,
): ApiAnswer | undefined {
  if (!path.startsWith(PREFIX)) return undefined;
  const match = METRICS_PATH.exec(path.slice(PREFIX.length));
  if (match === null) throw unknownResource();
  const [, namespace, name] = match;
  const holds = parseLabelSelector(query.get("labelSelector") ?? "");
  const items = context.usages().flatMap((usage) => {
    if (namespace !== undefined && usage.namespace !== namespace) return [];
    if (name !== undefined && usage.name !== name) return [];
    const item = metricsOf(context, usage);
    const labels = objectOf(objectOf(item?.["metadata"])["labels"]);
    return item !== undefined && holds.every((requirement) => requirement(labels)) ? [item] : [];
  });
  if (name === undefined) return { code: 200, text: listText(items) };
  const [found] = items;
  if (found === undefined) throw podMetricsNotFound(`${namespace}/${name}`);
  return { code: 200, text: JSON.stringify({ kind: "PodMetrics", apiVersion: API_VERSION, ...found }) };
}

const API_VERSION = `${METRICS_GROUP}/${METRICS_VERSION}`;
const PREFIX = `/apis/${API_VERSION}/`;
const METRICS_PATH = /^(?:namespaces\/([^/]+)\/)?pods(?:\/([^/]+))?$/;
// metrics-server's default resolution.
const WINDOW = "15s";

// Undefined for a pod that is gone since the source looked.
function metricsOf({ store, nowMs }: MetricsContext, usage: PodUsage): JsonObject | undefined {
  const { namespace, name, cpuMilli, memoryBytes } = usage;
  const pod = store.get("pods", { namespace, name });
  if (pod === undefined) return undefined;
  const timestamp = timestampText(nowMs);
  return {
    metadata: { name, namespace, labels: pod.metadata.labels, creationTimestamp: timestamp },
    timestamp,
    window: WINDOW,
    containers: [
      {
        name: textOf(containersOf(pod)[0]?.["name"]) ?? "",
        usage: { cpu: formatCpu(Math.round(cpuMilli)), memory: formatMemory(Math.round(memoryBytes)) },
      },
    ],
  };
}

function listText(items: readonly JsonObject[]): string {
  return JSON.stringify({ kind: "PodMetricsList", apiVersion: API_VERSION, metadata: {}, items });
}

function podMetricsNotFound(name: string): ApiError {
  const message = `podmetrics.metrics.k8s.io "${name}" not found`;
  const details = { name, group: METRICS_GROUP, kind: "podmetrics" };
  return new ApiError({ code: 404, reason: "NotFound", message, details });
}
