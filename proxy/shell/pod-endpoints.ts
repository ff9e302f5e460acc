// Which of an app's pods on a node take requests.

import type { NodePod } from "../policy/pod-registry.ts";
import type { PodEndpoint } from "./worker-messages.ts";

/**
 * Pods that are ready; where none is, those that are leaving and still serve: other nodes hear of their going only
 * after a moment, and send their requests here until then.
 */
export function endpointsOf(pods: readonly NodePod[]): readonly PodEndpoint[] {
  const ready = pods.filter(({ condition }) => condition === "ready");
  const serving = ready.length > 0 ? ready : pods.filter(({ condition }) => condition === "draining");
  const endpoints: PodEndpoint[] = [];
  for (const { uid, address, port } of serving) {
    if (port !== undefined) endpoints.push({ uid, address, port });
  }
  return endpoints;
}
