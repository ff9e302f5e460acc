// An explanation as the message of an Event: the figures of the group of nodes that is nearest, or of the winner, and
// what would help. The rest is for `berth explain`, for the API server refuses messages above 1,024 characters.

import type { RecordedEvent } from "#kube/event-series.ts";
import type { Explanation } from "../policy/explanation.ts";
import { extenderEvent } from "./extender-events.ts";
import { amountText, missingText, rangeText } from "./amount-text.ts";

/** Undefined unless the pod alone would fit on some node that does not take it with its share of the proxy. */
export function meshShareEvent(explanation: Explanation): RecordedEvent | undefined {
  const { pod, nodes, appRequest } = explanation;
  const group = explanation.groups.find(({ verdict }) => verdict === "meshShareDoesNotFit");
  if (group?.figures === undefined) return undefined;
  const { meshCost, free, reserved } = group.figures;
  const [closest] = group.closest;
  const nearest =
    closest === undefined
      ? ""
      : ` Nearest is ${closest.node}, which misses ${missingText(closest.missing)}: it fits once so much is given back there, or on another node. Neither preemption nor cluster autoscalers see B.`;
  return extenderEvent("MeshShareDoesNotFit", {
    subject: { apiVersion: "v1", kind: "Pod", namespace: pod.namespace, name: pod.name, uid: pod.uid },
    message: `the pod alone would fit on ${group.nodes} of ${nodes} nodes, but not with its share of the node proxy: A ${amountText(appRequest)}, B ${rangeText(meshCost)}, free ${rangeText(free)}, reserved for others ${rangeText(reserved)}.${nearest} More: berth explain pod ${pod.namespace}/${pod.name}`,
  });
}

/** Undefined where nothing was chosen. */
export function nodeChosenEvent({ pod, appRequest, winner }: Explanation): RecordedEvent | undefined {
  const [first, second] = winner?.candidates ?? [];
  if (winner === undefined || first === undefined) return undefined;
  const why =
    second === undefined
      ? "the only one with room"
      : `preferred to ${second.node}, since ${TIE_BREAKS[winner.decidedBy]}`;
  return extenderEvent("NodeChosen", {
    subject: { apiVersion: "v1", kind: "Pod", namespace: pod.namespace, name: pod.name, uid: pod.uid },
    message: `${winner.node} ${REASONS[winner.reason]}, ${why}: A ${amountText(appRequest)}, B ${amountText(first.meshCost)}, free ${amountText(first.free)}, reserved for others ${amountText(first.reserved)}, left ${amountText(first.left)}`,
  });
}

const REASONS = {
  joinsInstance: "runs the app already",
  opensInstance: "is to open an instance of the app",
  outsideMesh: "has room",
} as const;

const TIE_BREAKS = {
  onlyCandidate: "it is the only one",
  largerGroup: "it takes more of the pod's siblings",
  lessLeft: "it is fuller",
  lessStranded: "less is stranded there",
  name: "they are equal, and it is the first by name",
} as const;
