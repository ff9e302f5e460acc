// Every Event that the extender records, and what the reference says of it.

import type { EventKind, RecordedEvent } from "#kube/event-series.ts";

export const EXTENDER_EVENTS = {
  MeshShareDoesNotFit: {
    type: "Warning",
    on: "Pod",
    meaning: "The pod would fit on some node, but not with its share of the node's proxy.",
    help: "Make room where the message says what is missing, or add nodes; cluster autoscalers see it only with headroom pods. Told once an hour at most.",
  },
  NodeChosen: {
    type: "Normal",
    on: "Pod",
    meaning:
      "Which node the pod was promised room on, why that one, and what it costs there. Left out where pods come faster than such Events may.",
    help: "Nothing; `berth explain pod` says more.",
  },
  PlacementDeadline: {
    type: "Warning",
    on: "Pod",
    meaning: "Nominate mode held the pod back, and no node took it before the deadline: its gate was lifted.",
    help: "kube-scheduler goes on alone, and says itself what the pod misses; `berth explain pod` says what it misses of the proxy's share.",
  },
} as const satisfies Readonly<Record<string, EventKind>>;

export function extenderEvent(
  reason: keyof typeof EXTENDER_EVENTS,
  told: Pick<RecordedEvent, "subject" | "message">,
): RecordedEvent {
  return { ...told, type: EXTENDER_EVENTS[reason].type, reason };
}
