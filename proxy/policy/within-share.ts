// An app's quota, which is its team's, within what it may use of the proxy at present, which is the platform's.

import type { Quota } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";

import { memoryBytesOf } from "./heap-limits.ts";

/** @param share undefined where nothing is shared: the quota alone holds. */
export function withinShare(quota: Quota, share: Resources | undefined): Quota {
  if (share === undefined) return quota;
  return {
    ...quota,
    cpuMilli: Math.min(share.cpuMilli, quota.cpuMilli ?? Number.POSITIVE_INFINITY),
    memoryBytes: Math.min(share.memoryBytes, memoryBytesOf(quota)),
  };
}
