// An explanation for people: what was decided, the groups of nodes with their figures, and what is missing where.

import { REJECTIONS } from "#model/verdict.ts";
import type { Explanation, Verdict, Winner } from "#scheduler-extender/policy/explanation.ts";
import { amountText, missingText, rangeText } from "#scheduler-extender/shell/amount-text.ts";
import { preemptedText, preemptionText } from "./preemption-text.ts";
import type { ExplainReply } from "#scheduler-extender/policy/explain-reply.ts";
import { textTable } from "#sim/report/text-table.ts";
import { NODES_OF, REASONS, TIE_BREAKS } from "#web/policy/decision-words.ts";

export function explanationText(reply: ExplainReply): string {
  const { pod, state, node, last, nomination, now, preemption, preemptedBy } = reply;
  const place = node === undefined ? "" : ` on ${node}`;
  const parts = [`${pod}: ${state}${place}`];
  if (preemptedBy !== undefined) parts.push(preemptedText(preemptedBy));
  if (preemption !== undefined) parts.push(preemptionText(preemption));
  if (now !== undefined) parts.push(decisionText(`Now, ${NODES_OF[now.nodesOf]}`, now.explanation));
  if (nomination !== undefined) parts.push(decisionText("Nominated", nomination));
  if (last !== undefined) parts.push(decisionText("When kube-scheduler last asked", last));
  if (now === undefined && nomination === undefined && last === undefined && parts.length === 1)
    parts.push(
      `No decision about it is kept: many pods were placed since, or another replica decided.${elsewhere(node)}`,
    );
  return `${parts.join("\n\n")}\n`;
}

function elsewhere(node: string | undefined): string {
  return node === undefined
    ? ""
    : `\nWhat it shares its node's proxy with, and why that has its size: berth explain node ${node}`;
}

/** One decision, under a title. */
export function decisionText(title: string, explanation: Explanation): string {
  const { pod, appRequest, nodes, groups, winner } = explanation;
  const app = pod.app === undefined ? "outside the mesh" : `app ${pod.app}`;
  const lines = [`${title}: ${app}, A = ${amountText(appRequest)}, ${nodes} nodes judged`];
  if (groups.length > 0) lines.push(groupTable(explanation), ...groups.flatMap(closestLines));
  if (winner !== undefined) lines.push(...winnerLines(winner));
  return lines.join("\n");
}

function groupTable({ groups }: Explanation): string {
  const head = ["verdict", "nodes", "B", "free", "reserved"];
  const rows = groups.map(({ verdict, nodes, figures }) =>
    [
      verdict,
      String(nodes),
      ...(figures === undefined
        ? ["–", "–", "–"]
        : [rangeText(figures.meshCost), rangeText(figures.free), rangeText(figures.reserved)]),
    ].map((text) => ({ text })),
  );
  return indented(textTable(head, rows, { hasColour: false }));
}

function closestLines({ verdict, closest }: Explanation["groups"][number]): readonly string[] {
  if (verdict === "fits") return [];
  const isShort = verdict === "appDoesNotFit" || verdict === "meshShareDoesNotFit";
  const nearest = isShort
    ? closest.map(({ node, missing }) => `${node} misses ${missingText(missing)}`)
    : [helpOf(verdict)];
  return nearest.map((line) => `  ${verdict}: ${line}`);
}

function helpOf(verdict: Exclude<Verdict, "fits">): string {
  return REJECTIONS[verdict].help;
}

function winnerLines({ node, reason, groupPods, decidedBy, candidates }: Winner): readonly string[] {
  const group = groupPods > 1 ? `, with room for ${groupPods} of them` : "";
  const head = ["candidate", "score", "B", "free", "left"];
  const rows = candidates.map(({ node: name, score, meshCost, free, left }) =>
    [name, String(score), amountText(meshCost), amountText(free), amountText(left)].map((text) => ({ text })),
  );
  return [
    `  ${node} ${REASONS[reason]}${group}: ${TIE_BREAKS[decidedBy]}`,
    indented(textTable(head, rows, { hasColour: false })),
  ];
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
