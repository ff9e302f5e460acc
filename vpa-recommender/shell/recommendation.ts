// What the recommender says of one node.

import type { NodeName } from "#model/brand.ts";
import type { UpdateMode } from "#model/node-proxy-autoscaler.ts";
import type { Resources } from "#model/resources.ts";
import type { SizeExplanation } from "../policy/size-explanation.ts";

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
  readonly lastChange: { readonly atMs: number; readonly size: Resources; readonly reason: string } | null;
  readonly explanation: SizeExplanation | null;
}
