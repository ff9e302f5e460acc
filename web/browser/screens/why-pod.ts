// "Why is this pod there?", and of one that waits "What would help it?"

import { type ComponentChild, h } from "preact";
import { countText, cpuText, memoryText, plural } from "#web/policy/format.ts";
import {
  type DecisionStory,
  type Help,
  pairText,
  type PodLine,
  podStory,
  rangeText,
  verdictText,
  type WhyPodView,
  winnerText,
} from "#web/policy/why-pod.ts";
import { Chooser } from "../parts/chooser.ts";
import { DataTable } from "../parts/data-table.ts";
import type { Screen, ScreenProps } from "../screen.ts";
import { hrefTo } from "../shell/router.ts";

const NAME = "why-pod";

export const whyPod: Screen<WhyPodView> = {
  name: NAME,
  label: "Why there?",
  question: ({ pod }) => (pod === undefined ? "Why is a pod where it is?" : `Why is ${pod} where it is?`),
  draw: WhyPodScreen,
};

function WhyPodScreen({ view, params }: ScreenProps<WhyPodView>): ComponentChild {
  const { pod, find = "" } = params;
  if (pod === undefined) return h(Choice, { view, find });
  const { reply, refusal } = view;
  const back = h("p", { key: "back" }, h("a", { href: hrefTo(NAME) }, "Ask about another pod"));
  if (reply === null)
    return h(
      "div",
      { class: "stack" },
      h(
        "p",
        { class: "empty" },
        `${refusal ?? "There is no answer."} Pods that were placed long ago, or by another replica, are not explained.`,
      ),
      back,
    );
  const { headline, helps, elsewhere, decisions, preemption } = podStory(reply);
  return h(
    "div",
    { class: "stack" },
    h("p", { class: "lead" }, headline, reply.node === undefined ? null : h(ToSize, { node: reply.node })),
    preemption.length === 0
      ? null
      : h(
          "ul",
          { class: "notes" },
          preemption.map((line) => h("li", { key: line }, line)),
        ),
    helps.length === 0 ? null : h(Helps, { helps, elsewhere }),
    decisions.length === 0
      ? h(
          "p",
          { class: "empty" },
          "No decision about it is kept: it is long ago, or another replica made it.",
        )
      : decisions.map((decision) => h(Decision, { key: decision.title, decision })),
    back,
  );
}

function ToSize({ node }: { readonly node: string }): ComponentChild {
  return h(
    "span",
    null,
    " ",
    h("a", { href: hrefTo("why-size", { node }) }, `Why has ${node}'s proxy its size?`),
  );
}

function Choice({ view, find }: { readonly view: WhyPodView; readonly find: string }): ComponentChild {
  const { waiting, waitingCount, found } = view;
  return h(
    "div",
    { class: "stack" },
    h(Chooser, { screen: NAME, label: "Pods whose name holds", find, placeholder: "namespace/name" }),
    h(DataTable, {
      caption: `Waiting for a node: ${countText(waitingCount)}`,
      columns: [{ head: "Pod" }, { head: "App" }],
      rows: waiting.map(({ pod, app }) => ({ key: pod, cells: [link(pod), app ?? "outside the mesh"] })),
      empty: "No pod waits for a node.",
    }),
    h(DataTable, {
      caption: find === "" ? "Some that run" : `Pods with “${find}” in their name`,
      columns: [{ head: "Pod" }, { head: "App" }, { head: "Node" }],
      rows: found.map(podRow),
      empty: find === "" ? "No pod of the mesh runs yet." : "None that runs is called so.",
    }),
  );
}

function podRow({ pod, app, node }: PodLine): {
  readonly key: string;
  readonly cells: readonly ComponentChild[];
} {
  return { key: pod, cells: [link(pod), app ?? "outside the mesh", node ?? "–"] };
}

function link(pod: string): ComponentChild {
  return h("a", { href: hrefTo(NAME, { pod }) }, pod);
}

interface HelpsProps {
  readonly helps: readonly Help[];
  readonly elsewhere: string | undefined;
}

function Helps({ helps, elsewhere }: HelpsProps): ComponentChild {
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "helps" },
    h("h2", { id: "helps" }, "What would help it?"),
    helps.map(({ obstacle, nodes, advice }) =>
      h(
        "div",
        { key: obstacle },
        h("h3", null, `${plural(nodes, "node")}: ${obstacle}`),
        h(
          "ul",
          null,
          advice.map((line) => h("li", { key: line }, line)),
        ),
      ),
    ),
    elsewhere === undefined ? null : h("p", { class: "soft" }, elsewhere),
  );
}

const CANDIDATE_COLUMNS = [
  { head: "Node" },
  { head: "Score", title: "As sent to kube-scheduler, 0 to 10", isNumber: true },
  { head: "B, memory", title: "What the pod makes the node's proxy require", isNumber: true },
  { head: "B, CPU", title: "What the pod makes the node's proxy require", isNumber: true },
  { head: "Free memory", title: "Room that no pod, promise or proxy claims", isNumber: true },
  { head: "Free CPU", title: "Room that no pod, promise or proxy claims", isNumber: true },
  { head: "Reserved", title: "Promised and nominated to other pods", isNumber: true },
  { head: "Left", title: "With the pod there and the proxy grown for it", isNumber: true },
];

function Decision({ decision }: { readonly decision: DecisionStory }): ComponentChild {
  const { title, explanation } = decision;
  const { appRequest, nodes, groups, winner, pod } = explanation;
  return h(
    "section",
    { class: "stack" },
    h("h2", null, title),
    h(
      "p",
      null,
      pod.app === undefined ? "Outside the mesh; " : `App ${pod.app}; `,
      `it requests A = ${pairText(appRequest)}; ${plural(nodes, "node")} judged. `,
      winner === undefined ? null : h("strong", null, `${winner.node}, ${winnerText(winner)}.`),
    ),
    winner === undefined
      ? null
      : h(DataTable, {
          caption: "Candidates that got a score, the winner first",
          columns: CANDIDATE_COLUMNS,
          rows: winner.candidates.map(({ node, score, meshCost, free, reserved, left }) => ({
            key: node,
            cells: [
              node === winner.node ? h("strong", null, node) : node,
              String(score),
              memoryText(meshCost.memoryBytes),
              cpuText(meshCost.cpuMilli),
              memoryText(free.memoryBytes),
              cpuText(free.cpuMilli),
              reserved.cpuMilli === 0 && reserved.memoryBytes === 0 ? "nothing" : pairText(reserved),
              pairText(left),
            ],
          })),
        }),
    h(Verdicts, { groups }),
  );
}

const FIGURE_COLUMNS = [
  { head: "B", title: "What the pod makes the node's proxy require", isNumber: true },
  { head: "Free", title: "Room that no pod, promise or proxy claims", isNumber: true },
  { head: "Reserved", title: "Promised and nominated to other pods", isNumber: true },
];

function Verdicts({ groups }: Pick<DecisionStory["explanation"], "groups">): ComponentChild {
  // Nodes that fit have none here: the candidates' table has them.
  const hasFigures = groups.some(({ figures }) => figures !== undefined);
  return h(DataTable, {
    caption: "Nodes that were judged, by verdict",
    columns: [{ head: "Verdict" }, { head: "Nodes", isNumber: true }, ...(hasFigures ? FIGURE_COLUMNS : [])],
    rows: groups.map(({ verdict, nodes, figures }) => ({
      key: verdict,
      cells: [verdictText(verdict), countText(nodes), ...(hasFigures ? figureTexts(figures) : [])],
    })),
    empty: "No node was judged.",
  });
}

function figureTexts(figures: DecisionStory["explanation"]["groups"][number]["figures"]): readonly string[] {
  if (figures === undefined) return FIGURE_COLUMNS.map(() => "–");
  return [figures.meshCost, figures.free, figures.reserved].map(rangeText);
}
