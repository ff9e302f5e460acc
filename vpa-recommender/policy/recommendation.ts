// What the recommender says of one node.

import type { NodeName } from "#model/brand.ts";
import type { UpdateMode } from "#model/node-proxy-autoscaler.ts";
import type { Resources } from "#model/resources.ts";
import type { SizeExplanation } from "./size-explanation.ts";

/** What stands in the recommender's HTTP interface for each node. */
export interface Recommendation {
  readonly node: NodeName;
  /** Namespace and name of the pod. */
  readonly pod: string;
  readonly current: Resources;
  readonly required: Resources;
  readonly target: Resources;
  /** What the next plan says, in one word. */
  readonly plan: string;
  readonly mode: UpdateMode;
}

/** Why this size: what stands there for a node that is asked about. */
export interface ExplainedRecommendation extends Recommendation {
  readonly headroom: Resources;
  /** The largest pod that the node has room for. */
  readonly ceiling: Resources;
  /** What of that it does not have yet. */
  readonly free: Resources;
  /** The most that its autoscaler lets it have; a resource without such a bound is left out. */
  readonly cap: Partial<Resources>;
  /** What is not as it should be: Short of what the node calls for, and a resize that kubelet deferred or refused. */
  readonly conditions: readonly ("Short" | "Deferred" | "Infeasible")[];
  readonly lastChange: { readonly atMs: number; readonly size: Resources; readonly reason: string } | null;
  readonly explanation: SizeExplanation | null;
}

/** What is told of one node. */
export interface NodeReply {
  readonly proxy: ExplainedRecommendation | null;
  /** By namespace and name of the autoscaler. */
  readonly daemonSets: Readonly<Record<string, ExplainedRecommendation>>;
}
