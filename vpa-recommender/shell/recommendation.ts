// What the recommender says of one node.

import type { NodeName } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";

/** What stands in the recommender's HTTP interface for a node. */
export interface Recommendation {
  readonly node: NodeName;
  readonly current: Resources;
  readonly required: Resources;
  readonly target: Resources;
  readonly plan: string;
}
