// Where a request goes, and as what.

import type { ReasonName } from "../../policy/reasons.ts";
import type { Lease } from "./exchange-account.ts";
import type { UpstreamPool } from "./upstream-pool.ts";

export interface ForwardTarget {
  readonly pool: UpstreamPool;
  readonly path: string;
  readonly host: string;
  /** For X-Forwarded-For; undefined where the destination is not to be told. */
  readonly clientAddress: string | undefined;
  /** Held until the exchange is over. */
  readonly lease?: Lease;
  /** Where it may go instead, since it failed before an answer began; this target's lease is given back by then. */
  readonly instead?: (reason: ReasonName) => ForwardTarget | undefined;
}
