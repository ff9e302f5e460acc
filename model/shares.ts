// What each app may use of a node's proxy, written by the recommender onto the proxy's pod and enforced by the proxy.
// The guarantees of a node's apps add up to at most what its proxy has beside its own base, so quotas and requests are
// one model. Idle guarantee is lent to whoever needs it and taken back at once; the cap is never exceeded.

import type { AppName } from "./brand.ts";
import type { Resources } from "./resources.ts";

export interface AppShare {
  /** What the app gets whatever the others do. */
  readonly guaranteed: Resources;
  /** At least what is guaranteed. */
  readonly cap: Resources;
}

export interface Shares {
  /** Rises with every write to one pod: of two, the higher one is the newer. */
  readonly version: number;
  readonly apps: ReadonlyMap<AppName, AppShare>;
}

export const SHARES_ANNOTATION = "berth.dev/shares";

/** Far above what one node hosts, and far below what fits into a pod's annotations (256 KiB). */
export const SHARED_APPS_MAX = 1_000;
