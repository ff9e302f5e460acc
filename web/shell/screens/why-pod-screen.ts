// "Why is this pod there?", "What would help it?"

import { z } from "zod";
import type { PodView } from "#model/cluster-view.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { ExplainReply } from "#scheduler-extender/policy/explain-reply.ts";
import type { PodLine, WhyPodView } from "../../policy/why-pod.ts";
import { answerOf } from "../answer.ts";
import type { ClusterState } from "../cluster-state.ts";
import type { ScreenSource } from "../screen-source.ts";
import { whenListed } from "../when-listed.ts";

/** Pods that are offered to choose from. */
const LINES_MAX = 40;
const POD = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z0-9][-.a-z0-9]*$/;
/** The longest a name and its namespace get. */
const TEXT_MAX = 320;

export const whyPodScreen: ScreenSource = {
  name: "why-pod",
  params: z.strictObject({
    pod: z.string().max(TEXT_MAX).regex(POD, "is not NAMESPACE/NAME").optional(),
    find: z.string().max(TEXT_MAX).optional(),
  }),
  everyMs: 3_000,
  open({ cluster, components }, { pod, find = "" }) {
    return {
      async view(): Promise<WhyPodView> {
        whenListed(cluster);
        const answer =
          pod === undefined ? undefined : await answerOf(components.extender.get("/explain", { pod }));
        return {
          ...(pod === undefined ? choice(cluster, find) : NO_CHOICE),
          reply: (answer?.reply as ExplainReply | undefined) ?? null,
          refusal: answer?.refusal ?? null,
        };
      },
    };
  },
};

type Choice = Pick<WhyPodView, "waiting" | "waitingCount" | "found">;

const NO_CHOICE: Choice = { waiting: [], waitingCount: 0, found: [] };

function choice(cluster: ClusterState, find: string): Choice {
  const waiting = [...cluster.waitingPods()].map(line);
  return {
    waiting: waiting.toSorted(byName).slice(0, LINES_MAX),
    waitingCount: waiting.length,
    found: foundPods(cluster.ledger, find),
  };
}

// The first that match, node by node: a cluster's pods are too many to sort on every look.
function foundPods(ledger: LedgerView, find: string): readonly PodLine[] {
  const found: PodLine[] = [];
  for (const { occupants } of ledger.nodes()) {
    for (const uid of occupants.keys()) {
      const pod = ledger.pod(uid);
      if (pod?.nodeName === undefined || !`${pod.namespace}/${pod.name}`.includes(find)) continue;
      if (pod.app === undefined && find === "") continue;
      found.push(line(pod));
      if (found.length === LINES_MAX) return found;
    }
  }
  return found;
}

function line({ namespace, name, app, nodeName }: PodView): PodLine {
  return { pod: `${namespace}/${name}`, app: app ?? null, node: nodeName ?? null };
}

function byName(a: PodLine, b: PodLine): number {
  return a.pod < b.pod ? -1 : 1;
}
