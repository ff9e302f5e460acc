// Where a cluster's parts of Berth listen, as in manifests/base, and by what Lease their leader is known.

import { EXTENDER_LEASE } from "#scheduler-extender/shell/leadership.ts";
import { COMPONENT as RECOMMENDER_LEASE } from "#vpa-recommender/shell/recommender-loops.ts";

export interface LedPart {
  /** For messages. */
  readonly name: string;
  readonly lease: string;
  /** Of health, metrics and explanations. */
  readonly port: number;
}

export const EXTENDER_PART: LedPart = { name: "extender", lease: EXTENDER_LEASE, port: 9090 };
export const RECOMMENDER_PART: LedPart = { name: "recommender", lease: RECOMMENDER_LEASE, port: 9091 };
/** The proxies' --usage-port: read-only, on the node's address. */
export const PROXY_USAGE_PORT = 9093;
