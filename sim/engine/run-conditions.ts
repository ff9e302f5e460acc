// How a cluster behaves where not everything succeeds at once. Each part is left out by default, and costs nothing then.

import type { InstanceConditions } from "./instance-lives.ts";
import type { PodStart } from "./pod-start.ts";
import type { ResizeConditions } from "./resize-fates.ts";
import type { UsageConditions } from "./usage-run.ts";

export interface RunConditions {
  readonly instances?: InstanceConditions;
  readonly resizes?: ResizeConditions;
  readonly podStart?: PodStart;
  readonly usage?: UsageConditions;
  /** How late the schedulers see what has happened; at most WATCH_LAG_MS_MAX. */
  readonly watchLagMs?: number;
}
