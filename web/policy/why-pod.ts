// "Why is this pod there?", and while it waits "What would help it?": what the screen says of the extender's answer.

import { REJECTIONS } from "#model/verdict.ts";
import type { Resources } from "#model/resources.ts";
import type { ExplainReply } from "#scheduler-extender/policy/explain-reply.ts";
import type { Explanation, VerdictGroup, Winner } from "#scheduler-extender/policy/explanation.ts";
import { NODES_OF, REASONS, TIE_BREAKS } from "./decision-words.ts";
import { countText, cpuText, memoryText, plural } from "./format.ts";

/** What the server sends: the answer as it is, and pods to choose from. */
export interface WhyPodView {
  /** Mesh pods without a node, the first few by name. */
  readonly waiting: readonly PodLine[];
  readonly waitingCount: number;
  /** Of the search, or some pods that run, where nothing is searched for. */
  readonly found: readonly PodLine[];
  readonly reply: ExplainReply | null;
  /** Why there is no answer about the pod that was asked about. */
  readonly refusal: string | null;
}

export interface PodLine {
  /** NAMESPACE/NAME. */
  readonly pod: string;
  readonly app: string | null;
  readonly node: string | null;
}

export interface PodStory {
  readonly headline: string;
  readonly decisions: readonly DecisionStory[];
  /** What would help a pod that waits; empty for others. */
  readonly helps: readonly Help[];
  /** Where the other nodes' obstacles are told, if not here. */
  readonly elsewhere: string | undefined;
  /** Of preemption, each a sentence. */
  readonly preemption: readonly string[];
}

export interface DecisionStory {
  readonly title: string;
  readonly explanation: Explanation;
}

export interface Help {
  /** What is in the way. */
  readonly obstacle: string;
  readonly nodes: number;
  /** What to do, each a sentence. */
  readonly advice: readonly string[];
}

export function podStory(reply: ExplainReply): PodStory {
  const { state, now, last, nomination } = reply;
  const decisions: DecisionStory[] = [];
  if (now !== undefined)
    decisions.push({
      title: `If it were placed now, ${NODES_OF[now.nodesOf]}`,
      explanation: now.explanation,
    });
  if (nomination !== undefined)
    decisions.push({ title: "How Berth nominated its node", explanation: nomination });
  if (last !== undefined) decisions.push({ title: "When kube-scheduler last asked", explanation: last });
  const helps = state === "waiting" && now !== undefined ? whatWouldHelp(now.explanation) : [];
  const elsewhere =
    state === "waiting" && now?.nodesOf === "kubeScheduler" ? elsewhereText(reply.pod) : undefined;
  return { headline: headline(reply), decisions, helps, elsewhere, preemption: preemptionTexts(reply) };
}

// The extender is asked of those alone that passed kube-scheduler's own filters.
function elsewhereText(pod: string): string {
  const [namespace, name] = pod.split("/");
  return `All other nodes were ruled out by kube-scheduler before it asked; its reasons are among the pod's events: kubectl -n ${namespace} describe pod ${name}.`;
}

function headline({ pod, state, node, last, nomination }: ExplainReply): string {
  const winner = nomination?.winner ?? last?.winner;
  const where = node === undefined ? "" : ` on ${node}`;
  const why = winner === undefined || winner.node !== node ? "" : `, ${winnerText(winner)}`;
  if (state === "waiting") return `${pod} waits for a node.`;
  if (state === "promised") return `${pod} is promised a place${where}${why}; its binding is not seen yet.`;
  if (state === "bound") return `${pod} runs${where}${why}.`;
  if (state === "finished") return `${pod} has finished, and holds nothing any more.`;
  return `${pod} is not there any more, or not yet; this is the last decision about it.`;
}

/** On the first few nodes; the terminal tells them all. */
const PREEMPTED_NODES_MAX = 4;

function preemptionTexts({ preemption, preemptedBy }: ExplainReply): readonly string[] {
  const lines: string[] = [];
  if (preemptedBy !== undefined) {
    const why = preemptedBy.isAdded
      ? "Berth added it, since without it there was no room for the share of the node's proxy"
      : "kube-scheduler chose it";
    lines.push(`It was preempted on ${preemptedBy.node} by ${preemptedBy.pod}: ${why}.`);
  }
  if (preemption === undefined) return lines;
  const { chosen, nodes } = preemption;
  lines.push(
    chosen === undefined
      ? "It preempts, and kube-scheduler has nominated no node yet."
      : `It preempts: kube-scheduler chose ${chosen}, and it is placed there once the victims are gone.`,
  );
  const inOrder = nodes.toSorted((a, b) => Number(b.node === chosen) - Number(a.node === chosen));
  for (const { node, victims, added } of inOrder.slice(0, PREEMPTED_NODES_MAX)) {
    const extra = added.length === 0 ? "" : `, of which ${added.join(", ")} for B, the proxy's share`;
    lines.push(`On ${node} ${victims.join(", ") || "nobody"} would give way${extra}.`);
  }
  return lines;
}

export function winnerText({ reason, decidedBy, groupPods, candidates }: Winner): string {
  const group = groupPods > 1 ? ` with room for ${countText(groupPods)} of its siblings` : "";
  const of = candidates.length > 1 ? ` of ${plural(candidates.length, "scored node")}` : "";
  return `${REASONS[reason]}${group}: ${TIE_BREAKS[decidedBy]}${of}`;
}

/** In words; the figures stand beside it. */
export function verdictText(verdict: VerdictGroup["verdict"]): string {
  return verdict === "fits" ? "fits" : REJECTIONS[verdict].message;
}

/** The obstacle on most nodes first, but for nodes that fit already. */
export function whatWouldHelp({ groups, appRequest }: Explanation): readonly Help[] {
  const helps = groups.map((group): Help & { readonly rank: number } => ({
    obstacle: verdictText(group.verdict),
    nodes: group.nodes,
    advice: adviceFor(group, appRequest),
    rank: group.verdict === "fits" ? Infinity : group.nodes,
  }));
  return helps.toSorted((a, b) => b.rank - a.rank).map(({ rank: _rank, ...help }) => help);
}

function adviceFor(
  { verdict, closest, figures, nodes }: VerdictGroup,
  appRequest: Resources,
): readonly string[] {
  if (verdict === "fits") {
    const one = nodes === 1 ? "This node takes" : "These nodes take";
    return [`${one} it: it gets its place when kube-scheduler tries it again.`];
  }
  const isShort = verdict === "appDoesNotFit" || verdict === "meshShareDoesNotFit";
  if (!isShort) return [REJECTIONS[verdict].help];
  const [nearest] = closest;
  const advice = closest.map(({ node, missing }) => `Free ${amountsText(missing)} on ${node}.`);
  if (nearest !== undefined && isLess(nearest.missing, appRequest))
    advice.push(`Or have it request ${amountsText(nearest.missing)} less: then ${nearest.node} takes it.`);
  if (verdict === "meshShareDoesNotFit" && figures !== undefined)
    advice.push(
      `The pod itself fits there; what does not is B, by which its app's instance makes the proxy grow (${rangeText(figures.meshCost)}). A node that runs the app already needs less of it.`,
    );
  return advice;
}

function isLess(a: Resources, b: Resources): boolean {
  return a.cpuMilli < b.cpuMilli && a.memoryBytes < b.memoryBytes;
}

/** What of CPU and memory is above nothing. */
function amountsText({ cpuMilli, memoryBytes }: Resources): string {
  const parts = [
    ...(cpuMilli > 0 ? [cpuOf(cpuMilli)] : []),
    ...(memoryBytes > 0 ? [`${memoryText(memoryBytes)} of memory`] : []),
  ];
  return parts.join(" and ") || "nothing";
}

export function pairText({ cpuMilli, memoryBytes }: Resources): string {
  return `${cpuOf(cpuMilli)}, ${memoryText(memoryBytes)}`;
}

/** Where nothing beside it says of what. */
function cpuOf(cpuMilli: number): string {
  const text = cpuText(cpuMilli);
  return text.endsWith("CPU") ? text : `${text} CPU`;
}

export function rangeText({ min, max }: { readonly min: Resources; readonly max: Resources }): string {
  const [low, high] = [pairText(min), pairText(max)];
  return low === high ? low : `${low} to ${high}`;
}
