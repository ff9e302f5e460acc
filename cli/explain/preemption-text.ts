// Preemption for people: on which nodes which pods were to give way, and which of them for the share of the proxy alone.

import type {
  ExplainedPreemption,
  ExplainedVictims,
  Preempted,
} from "#scheduler-extender/policy/explain-reply.ts";

/** The chosen one first; the others are alternatives that nobody took. */
const NODES_SHOWN_MAX = 4;

export function preemptionText({ atMs, chosen, nodes }: ExplainedPreemption): string {
  const outcome =
    chosen === undefined
      ? "kube-scheduler has nominated no node yet"
      : `kube-scheduler chose ${chosen}; its victims give way, and then the pod is placed there`;
  const inOrder = nodes.toSorted((a, b) => Number(b.node === chosen) - Number(a.node === chosen));
  const shown = inOrder.slice(0, NODES_SHOWN_MAX).map(nodeText);
  const hidden = nodes.length - shown.length;
  return [
    `It preempts, asked about at ${new Date(atMs).toISOString()} on ${nodes.length} nodes: ${outcome}`,
    ...shown,
    ...(hidden > 0 ? [`  and ${hidden} more nodes: --output=json`] : []),
  ].join("\n");
}

export function preemptedText({ pod, node, atMs, isAdded }: Preempted): string {
  const why = isAdded
    ? "added by Berth, since without it there was no room for the share of the node's proxy"
    : "one of those that kube-scheduler chose";
  return `It was preempted on ${node} by ${pod} at ${new Date(atMs).toISOString()}: ${why}`;
}

function nodeText({ node, answer, victims, added }: ExplainedVictims): string {
  const names = victims.length === 0 ? "nobody" : victims.join(", ");
  switch (answer) {
    case "enough":
      return `  ${node}: ${names} give way, enough for A + B`;
    case "notEnough":
      return `  ${node}: ${names} give way, of which ${added.join(", ")} for B alone, the share of the proxy`;
    default:
      return `  ${node}: dropped, ${answer} although ${names} would give way`;
  }
}
