// What is told of one pod that is asked about: where it stands, and the decisions that are kept or would be made now.

import type { NodeName } from "#model/brand.ts";
import type { Explanation } from "./explanation.ts";

export interface ExplainReply {
  readonly pod: string;
  /** `unknown`: the API server shows no such pod any more, or not yet. */
  readonly state: "waiting" | "promised" | "bound" | "finished" | "unknown";
  /** Where it is bound or promised. */
  readonly node?: NodeName;
  /** The latest answer to kube-scheduler; absent if it did not ask lately, or asked another replica. */
  readonly last?: Explanation;
  /** In nominate mode: how its node was chosen while its gate held it. */
  readonly nomination?: Explanation;
  /** Only while it waits. */
  readonly now?: ExplainedNow;
}

export interface ExplainedNow {
  /**
   * Those that kube-scheduler had left when it last asked; those that a gated pod's own wishes leave; or all there are,
   * some of which kube-scheduler may reject.
   */
  readonly nodesOf: "kubeScheduler" | "eligible" | "cluster";
  readonly explanation: Explanation;
}
