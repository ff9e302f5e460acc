// What the extender bench fills its cluster with, and asks about.

import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import type { JsonObject } from "#sim/loopback/json.ts";

export const PODS_PER_NODE = 20;
const PODS_PER_APP = 8;
export const NAMESPACE = "bench";

export function nodeNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `node-${String(index).padStart(5, "0")}`);
}

export function appOf(podIndex: number): string {
  return `app-${Math.floor(podIndex / PODS_PER_APP)}`;
}

export function appPod(name: string, app: string, nodeName?: string): JsonObject {
  return {
    metadata: { name, namespace: NAMESPACE, labels: { [APP_LABEL]: app, [MESH_LABEL]: MESH_ENABLED } },
    spec: {
      ...(nodeName === undefined ? {} : { nodeName }),
      containers: [{ name: "app", resources: { requests: { cpu: "500m", memory: "1Gi" } } }],
    },
    status: { phase: nodeName === undefined ? "Pending" : "Running" },
  };
}
