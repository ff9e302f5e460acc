// What is told of one pod that is asked about: where it stands, and the decisions that are kept or would be made now.

import type { NodeName } from "#model/brand.ts";
import type { Rejection } from "#model/verdict.ts";
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
  /** What kube-scheduler asked about preempting for it, and was answered. */
  readonly preemption?: ExplainedPreemption;
  /** By whom it was preempted; absent if by nobody that is known. */
  readonly preemptedBy?: Preempted;
}

export interface ExplainedPreemption {
  readonly atMs: number;
  /** The node that kube-scheduler then nominated or bound it to; absent while it has not. */
  readonly chosen?: NodeName;
  /** The nodes that kube-scheduler offered, each with its victims, and what became of it. */
  readonly nodes: readonly ExplainedVictims[];
}

export interface ExplainedVictims {
  readonly node: NodeName;
  /** Whether kube-scheduler's victims were enough, for A + B; or why the node was dropped. */
  readonly answer: "enough" | "notEnough" | Rejection | "noVictims";
  /** Namespace and name of each. */
  readonly victims: readonly string[];
  /** Of those, the ones that were added for the share of the proxy, B, which kube-scheduler does not see. */
  readonly added: readonly string[];
}

export interface Preempted {
  /** Namespace and name. */
  readonly pod: string;
  readonly node: NodeName;
  readonly atMs: number;
  /** It was added for the share of the proxy. */
  readonly isAdded: boolean;
}

export interface ExplainedNow {
  /**
   * The one that is kept for it by nomination; those that kube-scheduler had left when it last asked; those that a gated
   * pod's own wishes leave; or all there are, some of which kube-scheduler may reject.
   */
  readonly nodesOf: "nominated" | "kubeScheduler" | "eligible" | "cluster";
  readonly explanation: Explanation;
}
