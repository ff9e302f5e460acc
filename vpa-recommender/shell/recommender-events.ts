// Every Event that the recommender records, and what the reference says of it.

import type { EventKind, RecordedEvent } from "#kube/event-series.ts";

export const RECOMMENDER_EVENTS = {
  ProxyShort: {
    type: "Warning",
    on: "Pod",
    meaning: "The pods on the node call for a larger proxy than the node has room for.",
    help: "Move pods off the node, or make it larger. No mesh pod is placed there before its share fits.",
  },
  ProxyResizeDeferred: {
    type: "Warning",
    on: "Pod",
    meaning:
      "Kubelet has no room for the proxy's new size at the moment, and resizes it as soon as there is some.",
    help: "Nothing, unless it stays: then as for `ProxyShort`.",
  },
  ProxyResizeInfeasible: {
    type: "Warning",
    on: "Pod",
    meaning: "Kubelet can never give the proxy its new size: the node is not that large.",
    help: "The profiles of the node's apps ask for more than the node has: `berth explain node` lists each app's part.",
  },
  ProxyResizeRefused: {
    type: "Warning",
    on: "Pod",
    meaning: "The API server refused the proxy's new size, with the message that follows.",
    help: "A quota or an admission policy of the proxy's namespace is the usual reason.",
  },
  TemplateSized: {
    type: "Normal",
    on: "DaemonSet",
    meaning: "The size in the DaemonSet's template was set, since the API server resizes no pods in place.",
    help: "Nothing: the DaemonSet's rolling update brings it to the nodes.",
  },
} as const satisfies Readonly<Record<string, EventKind>>;

export type RecommenderEventReason = keyof typeof RECOMMENDER_EVENTS;

export function recommenderEvent(
  reason: RecommenderEventReason,
  told: Pick<RecordedEvent, "subject" | "message">,
): RecordedEvent {
  return { ...told, type: RECOMMENDER_EVENTS[reason].type, reason };
}
