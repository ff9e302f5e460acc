// A policy that also says why it placed one pod as it did: with the explanation that production gives, of the very ledger
// that the decision was made by, just before it was made.

import type { NodeName } from "#model/brand.ts";
import { explainNow } from "#scheduler-extender/policy/explain-now.ts";
import type { Explanation } from "#scheduler-extender/policy/explanation.ts";
import type { PlacementPolicy } from "./placement-policy.ts";

export interface ExplainedPod {
  /** The pod's name in the trace. */
  readonly pod: string;
  /** Called each time a node is sought for it: more than once if it had to wait. */
  readonly onExplained: (explanation: Explanation) => void;
}

/** For policies whose placement is the extender's: of others the explanation would not be true. */
export function explainedPolicy(
  policy: PlacementPolicy,
  { pod: name, onExplained }: ExplainedPod,
): PlacementPolicy {
  return {
    ...policy,
    start: (context) => {
      const placer = policy.start(context);
      const place = placer.place.bind(placer);
      const { ledger } = context.cluster;
      // The placer keeps its own view of the cluster, so that it is the same object that goes on.
      return Object.assign(placer, {
        place: (pod: Parameters<typeof place>[0]): NodeName | undefined => {
          if (pod.name === name) {
            const nodes: NodeName[] = [];
            for (const node of ledger.nodes())
              if (node.occupants.size + node.proxies.size < context.podsPerNodeMax) nodes.push(node.name);
            onExplained(explainNow(ledger, { pod, nodes }, context.clock.nowMs()));
          }
          return place(pod);
        },
      });
    },
  };
}
